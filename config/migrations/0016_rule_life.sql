-- The life of rule versions, what versions in shadow find, and backtests with their results.

ALTER TABLE rule_version
    -- 'plant files', or who drafted it.
    ADD COLUMN created_by text NOT NULL DEFAULT 'plant files';
-- One trial of a rule at a time, beside the version that is active.
CREATE UNIQUE INDEX rule_version_shadow ON rule_version (rule) WHERE state = 'shadow';

-- Audit trail: who moved a version on, and why.
CREATE TABLE rule_version_change (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    rule_version_id integer NOT NULL REFERENCES rule_version,
    from_state      text,
    to_state        text NOT NULL,
    actor           text NOT NULL,
    reason          text NOT NULL DEFAULT '',
    at              timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX rule_version_change_version ON rule_version_change (rule_version_id, id);
CREATE TRIGGER rule_version_change_is_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON rule_version_change
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- What a version in shadow found. Kept apart from condition_event, so that nobody is alarmed by it
-- and no work follows.
CREATE TABLE shadow_event (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    key             text NOT NULL UNIQUE,
    rule_version_id integer NOT NULL REFERENCES rule_version,
    asset_id        integer NOT NULL REFERENCES asset,
    state           text NOT NULL CHECK (state IN ('active', 'cleared')),
    severity        smallint NOT NULL CHECK (severity BETWEEN 1 AND 4),
    peak_severity   smallint NOT NULL CHECK (peak_severity BETWEEN 1 AND 4),
    message         text NOT NULL,
    onset           timestamptz NOT NULL,
    raised_at       timestamptz NOT NULL,
    changed_at      timestamptz NOT NULL,
    cleared_at      timestamptz,
    value           double precision,
    evidence        jsonb NOT NULL,
    recorded_at     timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX shadow_event_version ON shadow_event (rule_version_id, raised_at DESC, id DESC);

-- A backtest runs in a process of its own, which holds an advisory lock on its id: one that is
-- 'running' without it was interrupted.
CREATE TABLE backtest (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind         text NOT NULL CHECK (kind IN ('backtest', 'diff', 'sweep')),
    state        text NOT NULL DEFAULT 'waiting' CHECK (state IN (
        'waiting', 'running', 'done', 'failed', 'cancelled', 'interrupted'
    )),
    request      jsonb NOT NULL,
    -- Share of the range that was replayed, and readings so far.
    progress     double precision NOT NULL DEFAULT 0 CHECK (progress BETWEEN 0 AND 1),
    readings     bigint NOT NULL DEFAULT 0,
    result       jsonb,
    error        text,
    requested_by text NOT NULL,
    requested_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    started_at   timestamptz,
    finished_at  timestamptz,
    CHECK ((state = 'done') = (result IS NOT NULL))
);
