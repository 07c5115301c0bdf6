-- Readings on TimescaleDB: a hypertable with one chunk per day.
-- value is null where the device gave no number; quality is 0 for good (edge/reading.py).

CREATE EXTENSION IF NOT EXISTS timescaledb;

CREATE TABLE reading (
    point_id integer NOT NULL,
    ts       timestamptz NOT NULL,
    value    double precision,
    quality  smallint NOT NULL DEFAULT 0
);

SELECT create_hypertable(
    'reading', by_range('ts', INTERVAL '1 day'), create_default_indexes => false
);

-- First one wins: redelivery changes nothing.
CREATE UNIQUE INDEX reading_point_ts ON reading (point_id, ts);

CREATE VIEW reading_1m AS
SELECT point_id,
       time_bucket(INTERVAL '1 minute', ts) AS bucket,
       avg(value) AS avg, min(value) AS min, max(value) AS max,
       count(*) AS count
FROM reading
WHERE quality < 128 AND value IS NOT NULL -- never bad ones
GROUP BY 1, 2;

CREATE VIEW reading_1h AS
SELECT point_id,
       time_bucket(INTERVAL '1 hour', ts) AS bucket,
       avg(value) AS avg, min(value) AS min, max(value) AS max,
       count(*) AS count
FROM reading
WHERE quality < 128 AND value IS NOT NULL -- never bad ones
GROUP BY 1, 2;
