-- Meters: counter points that are counted on over rollovers, resets and replacements.

ALTER TABLE point
    -- A counter's fall by no more than this is noise; null: one step of `resolution`.
    ADD COLUMN jitter       double precision CHECK (jitter >= 0),
    -- More than this in an hour is not believed; null: any rise is.
    ADD COLUMN max_per_hour double precision CHECK (max_per_hour > 0);

-- What people know of a meter and its readings do not tell. Nothing is changed later: a wrong fact
-- is withdrawn by another one.
CREATE TABLE meter_fact (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    point_id    integer NOT NULL REFERENCES point,
    -- initial: life to date is `amount` at that time. correction: `amount` is added to it.
    -- replacement: the old meter ended at `end_count` (null: at its last reading), the new one
    -- began at `start_count`.
    kind        text NOT NULL CHECK (kind IN ('initial', 'replacement', 'correction', 'withdrawal')),
    at          timestamptz NOT NULL,
    amount      double precision,
    end_count   double precision,
    start_count double precision,
    withdraws   bigint UNIQUE REFERENCES meter_fact,
    reason      text NOT NULL CHECK (reason <> ''),
    actor       text NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CHECK ((kind IN ('initial', 'correction')) = (amount IS NOT NULL)),
    CHECK ((kind = 'replacement') = (start_count IS NOT NULL)),
    CHECK (kind = 'replacement' OR end_count IS NULL),
    CHECK ((kind = 'withdrawal') = (withdraws IS NOT NULL))
);
CREATE INDEX meter_fact_point ON meter_fact (point_id, at);
CREATE TRIGGER meter_fact_is_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON meter_fact
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- How far a meter is counted by the day, and by which rules; a meter of other rules has no days.
CREATE TABLE meter (
    point_id   integer PRIMARY KEY REFERENCES point,
    rules      text NOT NULL,
    counted_to timestamptz NOT NULL
);

-- A day of the site's time zone in which the meter had a reading or a fact, and where it stood at
-- the end: from there the next day is counted. Worked out again from the first day that is touched.
CREATE TABLE meter_day (
    point_id     integer NOT NULL,
    day          date NOT NULL,
    ends_at      timestamptz NOT NULL,
    usage        double precision NOT NULL,
    corrected    double precision NOT NULL,
    life_to_date double precision NOT NULL,
    -- What was not simply counted: resets, and readings that were kept out.
    notices      jsonb NOT NULL DEFAULT '[]',
    kept_out     integer NOT NULL DEFAULT 0,
    -- The count that the next reading is compared with, when it was seen, and a reading that was
    -- in doubt: the next one says what it was.
    held         double precision,
    seen_at      timestamptz,
    doubted      double precision,
    doubted_at   timestamptz,
    PRIMARY KEY (point_id, day)
);

-- Days that end after this are to be counted again. A mark is only ever added: writers never meet.
CREATE TABLE meter_due (
    point_id integer NOT NULL,
    since    timestamptz NOT NULL
);
CREATE INDEX meter_due_point ON meter_due (point_id, since);

CREATE VIEW meter_point AS
SELECT p.id AS point_id, p.rollover, p.resolution, p.jitter, p.max_per_hour, s.time_zone,
       concat_ws('|', coalesce(p.rollover::text, '-'), coalesce(p.resolution::text, '-'),
                 coalesce(p.jitter::text, '-'), coalesce(p.max_per_hour::text, '-'),
                 s.time_zone) AS rules
FROM point p JOIN asset a ON a.id = p.asset_id JOIN site s ON s.id = a.site_id
WHERE p.kind = 'counter';
