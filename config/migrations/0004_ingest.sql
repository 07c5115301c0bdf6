-- What a reader of the log needs beside the readings: its cursor, and what could not be stored.

-- The position that a reader has taken in, moved in the same transaction as what it wrote.
CREATE TABLE log_cursor (
    reader     text NOT NULL,
    partition  smallint NOT NULL,
    -- Identity of the stream (its creation time): a new log counts from 1 again.
    stream     text NOT NULL,
    sequence   bigint NOT NULL,
    -- edge -> [session, sequence]: a batch that the log holds twice is taken in once.
    edges      jsonb NOT NULL DEFAULT '{}',
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (reader, partition)
);

-- Tags that no point has: counted and shown, their readings kept until someone binds them.
CREATE TABLE unknown_tag (
    tag        text PRIMARY KEY,
    edge       text NOT NULL,
    count      bigint NOT NULL,
    first_ts   timestamptz NOT NULL,
    last_ts    timestamptz NOT NULL,
    last_value double precision
);

CREATE TABLE unknown_reading (
    tag     text NOT NULL,
    ts      timestamptz NOT NULL,
    value   double precision,
    quality smallint NOT NULL DEFAULT 0,
    PRIMARY KEY (tag, ts)
);

-- Batches and rows that could not be stored, with the reason, as they came.
CREATE TABLE dead_letter (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    reader     text NOT NULL,
    partition  smallint NOT NULL,
    stream     text NOT NULL,
    sequence   bigint NOT NULL,
    batch      text NOT NULL,
    reason     text NOT NULL,
    rows       integer,
    data       bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);

-- Every change of an alarm that a device raised by itself.
CREATE TABLE sensor_alarm (
    id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    asset_tag text NOT NULL,
    code      text NOT NULL,
    ts        timestamptz NOT NULL,
    active    boolean NOT NULL,
    severity  smallint NOT NULL CHECK (severity BETWEEN 1 AND 1000),
    message   text NOT NULL DEFAULT '',
    UNIQUE (asset_tag, code, ts, active)
);
CREATE INDEX sensor_alarm_ts ON sensor_alarm (ts);
