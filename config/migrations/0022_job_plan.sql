-- How work is done: job plans and inspection rounds in versions, the steps that an order carries,
-- what was recorded at them, and the readings that people take.

-- A round is a job plan whose steps stand along a route; both are named by one set of codes.
CREATE TABLE job_plan (
    id              integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    code            text NOT NULL UNIQUE,
    kind            text NOT NULL CHECK (kind IN ('job_plan', 'round')),
    kept_in         text NOT NULL CHECK (kept_in IN ('files', 'database')),
    -- The newest version: what a new order gets.
    current_version integer NOT NULL DEFAULT 1 CHECK (current_version > 0),
    retired_at      timestamptz
);

-- Never changed: an order keeps the version that it was made with.
CREATE TABLE job_plan_version (
    id                integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    job_plan_id       integer NOT NULL REFERENCES job_plan,
    version           integer NOT NULL CHECK (version > 0),
    name              text NOT NULL,
    description       text NOT NULL DEFAULT '',
    -- Code of the class that it is meant for; null: any.
    asset_class       text,
    -- Tag of the asset that orders of a round stand against; null for a job plan.
    asset             text,
    estimated_minutes integer CHECK (estimated_minutes > 0),
    crafts            text[] NOT NULL DEFAULT '{}',
    skills            text[] NOT NULL DEFAULT '{}',
    permits           text[] NOT NULL DEFAULT '{}',
    tools             text[] NOT NULL DEFAULT '{}',
    -- [{"part", "quantity" (a decimal as text), "unit"}]
    parts             jsonb NOT NULL DEFAULT '[]',
    -- Steps in their order, as `maintenance.job_plans.step_json` writes them.
    steps             jsonb NOT NULL DEFAULT '[]',
    made_by           text NOT NULL,
    made_at           timestamptz NOT NULL DEFAULT clock_timestamp(),
    UNIQUE (job_plan_id, version)
);
CREATE TRIGGER job_plan_version_is_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON job_plan_version
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- The version that an order was made with.
CREATE TABLE work_order_job_plan (
    work_order_id       bigint PRIMARY KEY REFERENCES work_order,
    job_plan_version_id integer NOT NULL REFERENCES job_plan_version,
    frozen_at           timestamptz NOT NULL
);
CREATE INDEX work_order_job_plan_version ON work_order_job_plan (job_plan_version_id);

-- A step of an order: what its job plan asked for when it was made, and where it stands now.
CREATE TABLE work_order_step (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    work_order_id bigint NOT NULL REFERENCES work_order,
    position      smallint NOT NULL CHECK (position > 0),
    -- Names the step within its job plan, in every version of it.
    key           text NOT NULL,
    kind          text NOT NULL CHECK (kind IN (
        'check', 'number', 'choice', 'text', 'photo', 'meter', 'signature'
    )),
    text          text NOT NULL,
    hint          text NOT NULL DEFAULT '',
    required      boolean NOT NULL,
    on_fail       text NOT NULL CHECK (on_fail IN ('follow_up', 'stop', 'note')),
    failure_mode  text,
    -- What it is about: the order's asset, or the one at the round's stop.
    asset_id      integer NOT NULL REFERENCES asset,
    stop          smallint CHECK (stop > 0),
    place         text NOT NULL DEFAULT '',
    -- Outside the rejecting limits it has failed; outside the alerting ones it is told.
    unit          text,
    low_reject    double precision,
    low_alert     double precision,
    high_alert    double precision,
    high_reject   double precision,
    choices       text[] NOT NULL DEFAULT '{}',
    failing       text[] NOT NULL DEFAULT '{}',
    -- Tag of the point that a number becomes a reading of; null: it stays with the order.
    point         text,
    -- The newest result counts: each correction raises the revision.
    revision      integer NOT NULL DEFAULT 0,
    outcome       text NOT NULL DEFAULT 'open'
        CHECK (outcome IN ('open', 'passed', 'alert', 'failed', 'skipped')),
    UNIQUE (work_order_id, position),
    UNIQUE (work_order_id, key, asset_id)
);

-- What was recorded at a step; a correction is a further row, the earlier one stays.
CREATE TABLE work_order_step_result (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    step_id     bigint NOT NULL REFERENCES work_order_step,
    revision    integer NOT NULL CHECK (revision > 0),
    -- Names the recording itself: sent twice, it is one.
    request     uuid NOT NULL UNIQUE,
    outcome     text NOT NULL CHECK (outcome IN ('passed', 'alert', 'failed', 'skipped')),
    value       double precision,
    said        text,
    photos      text[] NOT NULL DEFAULT '{}',
    note        text NOT NULL DEFAULT '',
    -- Why it is as it is: which limit, which choice.
    reason      text NOT NULL DEFAULT '',
    actor       text NOT NULL,
    -- When it was seen, and when it reached us: a phone may have been out of reach meanwhile.
    at          timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    UNIQUE (step_id, revision)
);
CREATE TRIGGER work_order_step_result_is_kept
    BEFORE UPDATE OR DELETE OR TRUNCATE ON work_order_step_result
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- What a failed step led to, once for each step.
CREATE TABLE work_order_step_finding (
    step_id   bigint PRIMARY KEY REFERENCES work_order_step,
    result_id bigint NOT NULL REFERENCES work_order_step_result,
    order_id  bigint NOT NULL REFERENCES work_order,
    relation  text NOT NULL CHECK (relation IN ('raised', 'joined')),
    at        timestamptz NOT NULL
);
CREATE INDEX work_order_step_finding_order ON work_order_step_finding (order_id);

-- Readings that people take, on their way into the log like any other; edge `manual`.
CREATE TABLE manual_reading (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tag          text NOT NULL,
    ts           timestamptz NOT NULL,
    value        double precision NOT NULL,
    quality      smallint NOT NULL DEFAULT 0 CHECK (quality BETWEEN 0 AND 255),
    actor        text NOT NULL,
    result_id    bigint REFERENCES work_order_step_result,
    -- The batch of the log that carries it, chosen before it is sent: sent again, it is the same.
    batch        bigint,
    published_at timestamptz,
    UNIQUE (tag, ts)
);
CREATE INDEX manual_reading_waiting ON manual_reading (batch, id) WHERE published_at IS NULL;

CREATE TABLE manual_edge (
    only_one   boolean PRIMARY KEY DEFAULT true CHECK (only_one),
    -- Names this database's run of batches to the log's readers.
    session    text NOT NULL DEFAULT gen_random_uuid()::text,
    last_batch bigint NOT NULL DEFAULT 0
);
INSERT INTO manual_edge DEFAULT VALUES;

-- Stops of a round that was finished without anybody having been there, told once.
CREATE TABLE round_report (
    work_order_id bigint PRIMARY KEY REFERENCES work_order,
    stops         smallint NOT NULL,
    missed        jsonb NOT NULL,
    told_at       timestamptz NOT NULL
);
