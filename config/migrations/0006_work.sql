-- Work orders, what caused them, and every change that was made to them.

CREATE TABLE work_order (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    number          text GENERATED ALWAYS AS ('WO-' || lpad(id::text, greatest(6, length(id::text)), '0')) STORED UNIQUE,
    asset_id        integer NOT NULL REFERENCES asset,
    -- EN 13306 maintenance types, as a plant names them.
    type            text NOT NULL CHECK (type IN ('corrective', 'preventive', 'inspection')),
    origin          text NOT NULL CHECK (origin IN ('condition', 'person')),
    title           text NOT NULL,
    description     text NOT NULL DEFAULT '',
    failure_mode    text,
    job_plan        text,
    -- 1 is the most urgent; the reason says how it was found.
    priority        smallint NOT NULL CHECK (priority BETWEEN 1 AND 5),
    priority_reason text NOT NULL,
    -- Highest severity of the events behind it; null where a person asked for the work.
    severity        smallint CHECK (severity BETWEEN 1 AND 4),
    state           text NOT NULL DEFAULT 'draft' CHECK (state IN (
        'draft', 'approved', 'scheduled', 'in_progress', 'on_hold', 'completed', 'closed', 'cancelled'
    )),
    version         integer NOT NULL DEFAULT 1,
    -- What the order is about: one open order for each problem.
    problem         text,
    evidence        jsonb,
    assignee        text,
    resolution      text,
    created_by      text NOT NULL,
    created_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    approved_at     timestamptz,
    started_at      timestamptz,
    completed_at    timestamptz,
    closed_at       timestamptz,
    cancelled_at    timestamptz
);
CREATE UNIQUE INDEX work_order_open_problem ON work_order (problem)
    WHERE state NOT IN ('completed', 'closed', 'cancelled');
CREATE INDEX work_order_problem ON work_order (problem, id DESC);
CREATE INDEX work_order_state ON work_order (state, priority, id);
CREATE INDEX work_order_assignee ON work_order (assignee, id DESC) WHERE assignee IS NOT NULL;
CREATE INDEX work_order_asset ON work_order (asset_id, id DESC);

-- An event belongs to at most one order; `relation` says what it did there.
CREATE TABLE work_order_event (
    event_id      bigint PRIMARY KEY REFERENCES condition_event,
    work_order_id bigint NOT NULL REFERENCES work_order,
    relation      text NOT NULL CHECK (relation IN ('raised', 'attached', 'cooled_down')),
    reason        text NOT NULL,
    at            timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX work_order_event_order ON work_order_event (work_order_id);

-- Audit trail: one row for each change, in the transaction that made it.
CREATE TABLE work_order_change (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    work_order_id bigint NOT NULL REFERENCES work_order,
    version       integer NOT NULL,
    action        text NOT NULL,
    from_state    text,
    to_state      text NOT NULL,
    actor         text NOT NULL,
    reason        text NOT NULL DEFAULT '',
    details       jsonb NOT NULL DEFAULT '{}',
    -- The change of a condition that made this one: each is acted upon once, replayed or not.
    condition_outbox_id bigint UNIQUE,
    at            timestamptz NOT NULL DEFAULT now(),
    UNIQUE (work_order_id, version)
);

-- What others are to be told: written with the change, marked when told.
CREATE TABLE outbox (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    topic      text NOT NULL,
    payload    jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    handled_at timestamptz
);
CREATE INDEX outbox_waiting ON outbox (id) WHERE handled_at IS NULL;
