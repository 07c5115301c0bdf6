-- How far each file of readings has been taken in: moved in the same transaction as its rows, so
-- that an import which is broken off goes on where it stopped.

CREATE TABLE import_file (
    -- SHA-256 of the file's content and of how it is read.
    digest        text PRIMARY KEY,
    name          text NOT NULL,
    lines         bigint NOT NULL DEFAULT 0,
    stored        bigint NOT NULL DEFAULT 0,
    -- Readings whose point and time were in the store before, or earlier in the file.
    known         bigint NOT NULL DEFAULT 0,
    rejected      bigint NOT NULL DEFAULT 0,
    -- Length of the file of rejects, so that what a broken run wrote beyond it is cut off.
    rejects_bytes bigint NOT NULL DEFAULT 0,
    started_at    timestamptz NOT NULL DEFAULT now(),
    finished_at   timestamptz
);
