-- What happens by itself when something happens: messages to people and programs, and commands.

-- Nobody was told of anything before there was somebody to tell.
UPDATE outbox SET handled_at = now() WHERE handled_at IS NULL;
CREATE INDEX outbox_handled ON outbox (handled_at) WHERE handled_at IS NOT NULL;

-- Where messages go. An address may hold a password, so it is never shown whole.
CREATE TABLE channel (
    id              integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    code            text NOT NULL UNIQUE,
    name            text NOT NULL,
    kind            text NOT NULL CHECK (kind IN ('apprise', 'webhook')),
    address         text NOT NULL,
    -- Signs what a webhook sends (Standard Webhooks); null for other kinds.
    secret          text,
    -- Quiet hours by the wall clock; where they end before they begin they lie across midnight.
    time_zone       text NOT NULL DEFAULT 'UTC',
    quiet_from      time,
    quiet_to        time,
    -- Messages of this priority or a more urgent one are sent in quiet hours too, and by themselves.
    urgent_priority smallint NOT NULL DEFAULT 1 CHECK (urgent_priority BETWEEN 0 AND 5),
    digest          text NOT NULL DEFAULT 'none' CHECK (digest IN ('none', 'hourly', 'daily')),
    digest_at       time NOT NULL DEFAULT '06:00',
    kept_in         text NOT NULL CHECK (kept_in IN ('files', 'database')),
    created_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    retired_at      timestamptz,
    -- An end that says it is gone (410) is sent nothing more until somebody enables it.
    disabled_at     timestamptz,
    disabled_why    text,
    CHECK ((quiet_from IS NULL) = (quiet_to IS NULL)),
    CHECK ((kind = 'webhook') = (secret IS NOT NULL))
);

-- Versions are immutable; the one in force has not been retired.
CREATE TABLE automation (
    id         integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    code       text NOT NULL,
    version    integer NOT NULL,
    definition jsonb NOT NULL,
    kept_in    text NOT NULL CHECK (kept_in IN ('files', 'database')),
    created_by text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    retired_at timestamptz,
    UNIQUE (code, version)
);
CREATE UNIQUE INDEX automation_in_force ON automation (code) WHERE retired_at IS NULL;

-- What an automation did about one thing that happened: each action once.
CREATE TABLE automation_run (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    automation_id integer NOT NULL REFERENCES automation,
    outbox_id     bigint NOT NULL,
    action        smallint NOT NULL,
    what          text NOT NULL,
    outcome       text NOT NULL CHECK (outcome IN ('done', 'refused', 'waiting')),
    detail        text NOT NULL DEFAULT '',
    -- An action that waits: when to look again, and for which order.
    due_at        timestamptz CHECK ((outcome = 'waiting') = (due_at IS NOT NULL)),
    work_order_id bigint REFERENCES work_order,
    at            timestamptz NOT NULL,
    UNIQUE (automation_id, outbox_id, action)
);
CREATE INDEX automation_run_due ON automation_run (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX automation_run_recent ON automation_run (id DESC);

-- A message for a channel. Its id goes with it, the same at every attempt.
CREATE TABLE delivery (
    id            uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    channel_id    integer NOT NULL REFERENCES channel,
    -- What it tells of; a digest tells of its members.
    outbox_id     bigint,
    topic         text NOT NULL,
    title         text NOT NULL,
    text          text NOT NULL,
    payload       jsonb NOT NULL,
    priority      smallint,
    digested      boolean NOT NULL DEFAULT false,
    digest_id     uuid REFERENCES delivery,
    state         text NOT NULL DEFAULT 'waiting'
        CHECK (state IN ('waiting', 'sending', 'sent', 'in_digest', 'uncertain', 'given_up')),
    attempts      integer NOT NULL DEFAULT 0,
    not_before    timestamptz NOT NULL,
    created_at    timestamptz NOT NULL,
    claimed_at    timestamptz,
    settled_at    timestamptz,
    error         text NOT NULL DEFAULT '',
    UNIQUE (channel_id, outbox_id)
);
CREATE INDEX delivery_waiting ON delivery (not_before) WHERE state = 'waiting';
CREATE INDEX delivery_sending ON delivery (claimed_at) WHERE state = 'sending';
CREATE INDEX delivery_settled ON delivery (settled_at) WHERE settled_at IS NOT NULL;
CREATE INDEX delivery_recent ON delivery (created_at DESC, id DESC);
