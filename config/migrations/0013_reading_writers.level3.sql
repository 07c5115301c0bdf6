-- Who writes readings, and what an upgrade to the next level has done (docs/decisions/0011).

-- One row. Counts the transactions that have written readings beside a partition's own writer; only
-- where no unique index keeps readings from being stored twice, which is level 3.
CREATE TABLE reading_epoch (
    singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    epoch     bigint NOT NULL DEFAULT 0
);
INSERT INTO reading_epoch DEFAULT VALUES;

-- Called first by every transaction that writes readings; `guest` is who is not a partition's writer.
-- The level cannot change until the transaction ends. `guarded`: a unique index refuses doubles.
-- Where none does, a guest is alone, and what it has committed is there to see for whoever follows.
CREATE FUNCTION join_reading_writers(guest boolean, OUT guarded boolean, OUT epoch bigint)
LANGUAGE plpgsql VOLATILE AS $$
#variable_conflict use_column
BEGIN
    LOCK TABLE ONLY reading IN ROW EXCLUSIVE MODE;
    guarded := EXISTS (
        SELECT FROM pg_index WHERE indrelid = to_regclass('reading') AND indisunique);
    IF guest AND NOT guarded THEN
        PERFORM pg_advisory_xact_lock(1919247730);
        UPDATE reading_epoch SET epoch = reading_epoch.epoch + 1;
    ELSIF NOT guarded THEN
        PERFORM pg_advisory_xact_lock_shared(1919247730);
    END IF;
    epoch := (SELECT e.epoch FROM reading_epoch e);
END $$;

-- Partitions that an upgrade from level 1 to 2 has copied; empty while there is none.
CREATE TABLE upgrade_partition (
    name text PRIMARY KEY
);

-- A columnstore; no unique index, or COPY could not write columns. Days are converted a day after
-- their end; what is past retention is dropped by ingest, as on every level.
DROP INDEX reading_point_ts;
CREATE INDEX reading_point_ts ON reading (point_id, ts);
ALTER TABLE reading SET (
    timescaledb.enable_columnstore, timescaledb.segmentby = 'point_id', timescaledb.orderby = 'ts'
);
CALL add_columnstore_policy('reading', after => INTERVAL '1 day');
