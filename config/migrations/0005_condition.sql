-- Rules, their versions, the engine's state, and the events that it found.

-- Immutable: a changed rule is a new version.
CREATE TABLE rule_version (
    id          integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- `asset_class/rule`: what stays the same over all versions.
    rule        text NOT NULL,
    version     integer NOT NULL,
    asset_class text NOT NULL,
    state       text NOT NULL DEFAULT 'active'
        CHECK (state IN ('draft', 'shadow', 'active', 'retired')),
    -- The rule with its file's inputs and parameters, as written.
    definition  jsonb NOT NULL,
    -- Hash of what the rule means: equal hash, equal behaviour.
    hash        text NOT NULL,
    file        text NOT NULL,
    line        integer NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now(),
    retired_at  timestamptz,
    UNIQUE (rule, version)
);
CREATE UNIQUE INDEX rule_version_live ON rule_version (rule) WHERE state = 'active';

-- Parameter of a rule overridden for one asset, and where it was said.
CREATE TABLE rule_parameter (
    asset_id integer NOT NULL REFERENCES asset,
    name     text NOT NULL,
    value    double precision NOT NULL,
    source   text NOT NULL,
    PRIMARY KEY (asset_id, name)
);

CREATE TABLE condition_event (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- Hash of rule, asset, failure mode and onset: replay and failover cannot raise twice.
    key             text NOT NULL UNIQUE,
    rule            text NOT NULL,
    rule_version_id integer REFERENCES rule_version,
    asset_id        integer NOT NULL REFERENCES asset,
    failure_mode    text NOT NULL DEFAULT 'UNK',
    state           text NOT NULL CHECK (state IN ('active', 'cleared')),
    -- 1 low, 2 medium, 3 high, 4 critical.
    severity        smallint NOT NULL CHECK (severity BETWEEN 1 AND 4),
    peak_severity   smallint NOT NULL CHECK (peak_severity BETWEEN 1 AND 4),
    message         text NOT NULL,
    -- When the condition first held, and when it had held long enough (event time).
    onset           timestamptz NOT NULL,
    raised_at       timestamptz NOT NULL,
    changed_at      timestamptz NOT NULL,
    cleared_at      timestamptz,
    value           double precision,
    -- What the rule asks for: {"type", "job_plan", "cooldown_s"} or null for no order.
    work_order      jsonb,
    -- The rule as it stood, its thresholds, and the readings that caused the event.
    evidence        jsonb NOT NULL,
    recorded_at     timestamptz NOT NULL DEFAULT now(),
    acknowledged_at timestamptz,
    acknowledged_by text
);
CREATE INDEX condition_event_open ON condition_event (asset_id, rule) WHERE state = 'active';
CREATE INDEX condition_event_recent ON condition_event (raised_at DESC, id DESC);

-- Each change of an event, for those who act on it: written with the event, marked when handled.
CREATE TABLE condition_outbox (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    event_id   bigint NOT NULL REFERENCES condition_event,
    kind       text NOT NULL CHECK (kind IN ('raised', 'escalated', 'deescalated', 'cleared')),
    severity   smallint NOT NULL,
    at         timestamptz NOT NULL,
    value      double precision,
    created_at timestamptz NOT NULL DEFAULT now(),
    handled_at timestamptz,
    UNIQUE (event_id, kind, at, severity)
);
CREATE INDEX condition_outbox_waiting ON condition_outbox (id) WHERE handled_at IS NULL;

-- State of the rule engine, and the log position that it stands for; the rest is replayed.
CREATE TABLE engine_snapshot (
    partition smallint PRIMARY KEY,
    stream    text NOT NULL,
    sequence  bigint NOT NULL,
    edges     jsonb NOT NULL DEFAULT '{}',
    -- Says its own format.
    state     bytea NOT NULL,
    taken_at  timestamptz NOT NULL DEFAULT now()
);
