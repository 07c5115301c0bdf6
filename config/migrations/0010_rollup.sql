-- Readings summed up by the minute and by the hour (docs/decisions/0009): stored for the hours that
-- are closed, worked out from the readings for those that are not, and for those that a late
-- reading has touched. The same on every level of the database.

-- One row. What lies before `closed_to` is marked in `rollup_due` by whoever writes it; hours before
-- `rolled_to` are stored. `gap`: a longer stretch without a reading is not bridged in `integral`.
CREATE TABLE rollup_state (
    singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    closed_to timestamptz NOT NULL DEFAULT '1970-01-01Z',
    rolled_to timestamptz NOT NULL DEFAULT '1970-01-01Z' CHECK (rolled_to <= closed_to),
    gap       interval NOT NULL DEFAULT '15 minutes'
);
INSERT INTO rollup_state DEFAULT VALUES;

-- Hours of a point to be summed up again. A mark is only ever added: writers never meet.
CREATE TABLE rollup_due (
    point_id integer NOT NULL,
    hour     timestamptz NOT NULL
);
CREATE INDEX rollup_due_point_hour ON rollup_due (point_id, hour);

-- One row for each point and hour with a reading that counts: not bad, and with a number.
-- integral: value times seconds between readings of this hour no further apart than the gap, each
-- value held until the next reading; covered: those seconds; drops: readings below the one before.
CREATE TABLE rollup_hour (
    point_id integer NOT NULL,
    bucket   timestamptz NOT NULL,
    count    bigint NOT NULL,
    avg      double precision NOT NULL,
    min      double precision NOT NULL,
    max      double precision NOT NULL,
    first_ts timestamptz NOT NULL,
    first    double precision NOT NULL,
    last_ts  timestamptz NOT NULL,
    last     double precision NOT NULL,
    integral double precision NOT NULL,
    covered  double precision NOT NULL,
    drops    bigint NOT NULL
);
-- Years of one point are read from the index alone: its hours lie side by side there, not in the table.
CREATE UNIQUE INDEX rollup_hour_point_bucket ON rollup_hour (point_id, bucket)
    INCLUDE (count, avg, min, max, first_ts, first, last_ts, last, integral, covered, drops);

-- The same by the minute, an hour of a point in one row: its minutes as arrays of one length.
CREATE TABLE rollup_minute (
    point_id integer NOT NULL,
    hour     timestamptz NOT NULL,
    bucket   timestamptz[] NOT NULL,
    count    bigint[] NOT NULL,
    avg      double precision[] NOT NULL,
    min      double precision[] NOT NULL,
    max      double precision[] NOT NULL,
    first_ts timestamptz[] NOT NULL,
    first    double precision[] NOT NULL,
    last_ts  timestamptz[] NOT NULL,
    last     double precision[] NOT NULL,
    integral double precision[] NOT NULL,
    covered  double precision[] NOT NULL,
    drops    bigint[] NOT NULL,
    PRIMARY KEY (point_id, hour)
);
CREATE INDEX rollup_minute_hour ON rollup_minute USING brin (hour) WITH (pages_per_range = 32);

-- The newest reading of each point in the hours that are stored; newer ones are looked for in `reading`.
CREATE TABLE point_latest (
    point_id integer PRIMARY KEY,
    ts       timestamptz NOT NULL,
    value    double precision,
    quality  smallint NOT NULL
);

-- Called by every transaction that writes readings: where marks begin. Until the transaction ends no
-- hour is closed, so an hour is closed only once all that was written into it unmarked is there to see.
-- The second statement sees what was committed while the first one waited.
CREATE FUNCTION rollup_closed_to() RETURNS timestamptz LANGUAGE sql VOLATILE AS $$
    SELECT pg_advisory_xact_lock_shared(1919904876);
    SELECT closed_to FROM rollup_state;
$$;

-- One point's readings in [start, stop) by buckets of a width; those of a quality byte below `worst`
-- count. Buckets are counted from 2000-01-03, a Monday. No bucket knows of another.
CREATE FUNCTION reading_summary(
    point integer, start timestamptz, stop timestamptz,
    width interval, gap interval, worst smallint
) RETURNS TABLE (
    bucket timestamptz, count bigint, avg double precision, min double precision,
    max double precision, first_ts timestamptz, first double precision, last_ts timestamptz,
    last double precision, integral double precision, covered double precision, drops bigint
) LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT b.bucket, count(*), avg(b.value), min(b.value), max(b.value),
           min(b.ts), max(b.value) FILTER (WHERE b.opens),
           max(b.ts), max(b.value) FILTER (WHERE b.closes),
           coalesce(sum(b.before * b.seconds) FILTER (WHERE b.seconds <= b.bridged), 0),
           coalesce(sum(b.seconds) FILTER (WHERE b.seconds <= b.bridged), 0),
           count(*) FILTER (WHERE b.value < b.before)
    FROM (
        SELECT r.bucket, r.ts, r.value,
               lag(r.value) OVER own AS before,
               date_part('epoch', r.ts - lag(r.ts) OVER own) AS seconds,
               date_part('epoch', gap) AS bridged,
               lag(r.ts) OVER own IS NULL AS opens,
               lead(r.ts) OVER own IS NULL AS closes
        FROM (SELECT date_bin(width, ts, '2000-01-03Z') AS bucket, ts, value FROM reading
              WHERE point_id = point AND ts >= start AND ts < stop
                AND quality < worst AND value IS NOT NULL) AS r
        WINDOW own AS (PARTITION BY r.bucket ORDER BY r.ts)
    ) AS b
    GROUP BY b.bucket
$$;

-- One point's hours in [start, stop), both of them full hours: stored ones, and the others worked out.
-- The bounds are constants to each plan below, so that only the days concerned are opened.
CREATE FUNCTION reading_hours(point integer, start timestamptz, stop timestamptz) RETURNS TABLE (
    bucket timestamptz, count bigint, avg double precision, min double precision,
    max double precision, first_ts timestamptz, first double precision, last_ts timestamptz,
    last double precision, integral double precision, covered double precision, drops bigint
) LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
DECLARE
    state rollup_state;
    due   timestamptz;
BEGIN
    SELECT * INTO state FROM rollup_state;
    RETURN QUERY
        SELECT h.bucket, h.count, h.avg, h.min, h.max, h.first_ts, h.first, h.last_ts, h.last,
               h.integral, h.covered, h.drops
        FROM rollup_hour h
        WHERE h.point_id = point AND h.bucket >= start AND h.bucket < least(stop, state.rolled_to)
          AND NOT EXISTS (SELECT FROM rollup_due d WHERE d.point_id = point AND d.hour = h.bucket);
    FOR due IN SELECT DISTINCT d.hour FROM rollup_due d
        WHERE d.point_id = point AND d.hour >= start AND d.hour < least(stop, state.rolled_to)
    LOOP
        RETURN QUERY SELECT * FROM reading_summary(
            point, due, due + interval '1 hour', '1 hour', state.gap, 128::smallint);
    END LOOP;
    IF stop > state.rolled_to THEN
        RETURN QUERY SELECT * FROM reading_summary(
            point, greatest(start, state.rolled_to), stop, '1 hour', state.gap, 128::smallint);
    END IF;
END $$;

-- The same by the minute; start and stop are full minutes.
CREATE FUNCTION reading_minutes(point integer, start timestamptz, stop timestamptz) RETURNS TABLE (
    bucket timestamptz, count bigint, avg double precision, min double precision,
    max double precision, first_ts timestamptz, first double precision, last_ts timestamptz,
    last double precision, integral double precision, covered double precision, drops bigint
) LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
DECLARE
    state rollup_state;
    due   timestamptz;
BEGIN
    SELECT * INTO state FROM rollup_state;
    RETURN QUERY
        SELECT b.* FROM rollup_minute m
        CROSS JOIN LATERAL unnest(m.bucket, m.count, m.avg, m.min, m.max, m.first_ts, m.first,
            m.last_ts, m.last, m.integral, m.covered, m.drops) AS b (bucket)
        WHERE m.point_id = point AND b.bucket >= start AND b.bucket < stop
          AND m.hour > start - interval '1 hour' AND m.hour < least(stop, state.rolled_to)
          AND NOT EXISTS (SELECT FROM rollup_due d WHERE d.point_id = point AND d.hour = m.hour);
    FOR due IN SELECT DISTINCT d.hour FROM rollup_due d
        WHERE d.point_id = point AND d.hour > start - interval '1 hour'
          AND d.hour < least(stop, state.rolled_to)
    LOOP
        RETURN QUERY SELECT * FROM reading_summary(
            point, greatest(start, due), least(stop, due + interval '1 hour'), '1 minute',
            state.gap, 128::smallint);
    END LOOP;
    IF stop > state.rolled_to THEN
        RETURN QUERY SELECT * FROM reading_summary(
            point, greatest(start, state.rolled_to), stop, '1 minute', state.gap, 128::smallint);
    END IF;
END $$;

DROP VIEW reading_1m;
DROP VIEW reading_1h;

CREATE VIEW reading_1h AS
SELECT h.point_id, h.bucket, h.avg, h.min, h.max, h.count, h.first_ts, h.first, h.last_ts, h.last,
       h.integral, h.covered, h.drops
FROM rollup_hour h
WHERE h.bucket < (SELECT rolled_to FROM rollup_state)
  AND NOT EXISTS (SELECT FROM rollup_due d WHERE d.point_id = h.point_id AND d.hour = h.bucket)
UNION ALL
SELECT d.point_id, b.bucket, b.avg, b.min, b.max, b.count, b.first_ts, b.first, b.last_ts, b.last,
       b.integral, b.covered, b.drops
FROM rollup_state s
CROSS JOIN (SELECT DISTINCT point_id, hour FROM rollup_due) AS d
CROSS JOIN LATERAL reading_summary(
    d.point_id, d.hour, d.hour + interval '1 hour', '1 hour', s.gap, 128::smallint) AS b
WHERE d.hour < s.rolled_to
UNION ALL
SELECT p.id, b.bucket, b.avg, b.min, b.max, b.count, b.first_ts, b.first, b.last_ts, b.last,
       b.integral, b.covered, b.drops
FROM rollup_state s
CROSS JOIN point p
CROSS JOIN LATERAL reading_summary(
    p.id, s.rolled_to, 'infinity', '1 hour', s.gap, 128::smallint) AS b;

CREATE VIEW reading_1m AS
SELECT m.point_id, b.bucket, b.avg, b.min, b.max, b.count, b.first_ts, b.first, b.last_ts, b.last,
       b.integral, b.covered, b.drops
FROM rollup_minute m
CROSS JOIN LATERAL unnest(m.bucket, m.count, m.avg, m.min, m.max, m.first_ts, m.first, m.last_ts,
    m.last, m.integral, m.covered, m.drops)
    AS b (bucket, count, avg, min, max, first_ts, first, last_ts, last, integral, covered, drops)
WHERE m.hour < (SELECT rolled_to FROM rollup_state)
  AND NOT EXISTS (SELECT FROM rollup_due d WHERE d.point_id = m.point_id AND d.hour = m.hour)
UNION ALL
SELECT d.point_id, b.bucket, b.avg, b.min, b.max, b.count, b.first_ts, b.first, b.last_ts, b.last,
       b.integral, b.covered, b.drops
FROM rollup_state s
CROSS JOIN (SELECT DISTINCT point_id, hour FROM rollup_due) AS d
CROSS JOIN LATERAL reading_summary(
    d.point_id, d.hour, d.hour + interval '1 hour', '1 minute', s.gap, 128::smallint) AS b
WHERE d.hour < s.rolled_to
UNION ALL
SELECT p.id, b.bucket, b.avg, b.min, b.max, b.count, b.first_ts, b.first, b.last_ts, b.last,
       b.integral, b.covered, b.drops
FROM rollup_state s
CROSS JOIN point p
CROSS JOIN LATERAL reading_summary(
    p.id, s.rolled_to, 'infinity', '1 minute', s.gap, 128::smallint) AS b;
