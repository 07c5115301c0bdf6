-- Readings on plain PostgreSQL: range partitions, one per UTC day, made by the writer.
-- value is null where the device gave no number; quality is 0 for good (edge/reading.py).

CREATE TABLE reading (
    point_id integer NOT NULL,
    ts       timestamptz NOT NULL,
    value    double precision,
    quality  smallint NOT NULL DEFAULT 0
) PARTITION BY RANGE (ts);

-- First one wins: redelivery changes nothing.
CREATE UNIQUE INDEX reading_point_ts ON reading (point_id, ts);

CREATE VIEW reading_1m AS
SELECT point_id,
       date_bin('1 minute', ts, '2000-01-01Z') AS bucket,
       avg(value) AS avg, min(value) AS min, max(value) AS max,
       count(*) AS count
FROM reading
WHERE quality < 128 AND value IS NOT NULL -- never bad ones
GROUP BY 1, 2;

CREATE VIEW reading_1h AS
SELECT point_id,
       date_bin('1 hour', ts, '2000-01-01Z') AS bucket,
       avg(value) AS avg, min(value) AS min, max(value) AS max,
       count(*) AS count
FROM reading
WHERE quality < 128 AND value IS NOT NULL -- never bad ones
GROUP BY 1, 2;
