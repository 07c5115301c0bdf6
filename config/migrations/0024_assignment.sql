-- Service levels and assignment: agreements, the clocks of orders, rules, decisions, frozen weeks.

CREATE TABLE sla_agreement (
    id         integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    code       text NOT NULL UNIQUE,
    kept_in    text NOT NULL CHECK (kept_in IN ('files', 'database')),
    retired_at timestamptz
);

-- A version never changes: orders keep the one that they were given.
CREATE TABLE sla_agreement_version (
    agreement_id   integer NOT NULL REFERENCES sla_agreement,
    version        integer NOT NULL,
    effective_from timestamptz NOT NULL,
    definition     jsonb NOT NULL,
    PRIMARY KEY (agreement_id, version)
);

-- Which agreement an order is under; no agreement: none fitted. One row for each order that was
-- looked at, so that whatever changes about the order is seen by its version.
CREATE TABLE sla_order (
    work_order_id     bigint PRIMARY KEY REFERENCES work_order,
    agreement_id      integer REFERENCES sla_agreement,
    agreement_version integer,
    reason            text NOT NULL,
    -- What decided, as it was then.
    facts             jsonb NOT NULL,
    order_version     integer NOT NULL,
    calendar_version  integer NOT NULL DEFAULT 0,
    -- The order may still move.
    open              boolean NOT NULL DEFAULT true,
    FOREIGN KEY (agreement_id, agreement_version)
        REFERENCES sla_agreement_version (agreement_id, version)
);
CREATE INDEX sla_order_open ON sla_order (work_order_id) WHERE open;

-- Every agreement that an order was put under, oldest first.
CREATE TABLE sla_binding (
    id                bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    work_order_id     bigint NOT NULL REFERENCES work_order,
    agreement_id      integer REFERENCES sla_agreement,
    agreement_version integer,
    reason            text NOT NULL,
    actor             text NOT NULL,
    at                timestamptz NOT NULL
);
CREATE INDEX sla_binding_order ON sla_binding (work_order_id, id);

-- What the history of an order comes to, kept for lists and for the job that tells of it; derived
-- anew with every change, never counted on. A running clock has the moments at which it warns and
-- at which its target is passed; a paused one has none.
CREATE TABLE sla_clock (
    work_order_id bigint NOT NULL REFERENCES work_order,
    kind          text NOT NULL CHECK (kind IN ('response', 'resolution')),
    target_s      integer NOT NULL,
    phase         text NOT NULL CHECK (phase IN ('running', 'paused', 'finished', 'void')),
    used_s        double precision NOT NULL,
    warn_at       timestamptz,
    due_at        timestamptz,
    breached_at   timestamptz,
    finished_at   timestamptz,
    -- The next moment at which there is something to tell.
    next_at       timestamptz,
    PRIMARY KEY (work_order_id, kind)
);
CREATE INDEX sla_clock_next ON sla_clock (next_at) WHERE next_at IS NOT NULL;
CREATE INDEX sla_clock_due ON sla_clock (due_at, work_order_id, kind) WHERE phase = 'running';
CREATE INDEX sla_clock_warn ON sla_clock (warn_at) WHERE phase = 'running';

-- What was told of a clock: each step once, whatever happens to the order later.
CREATE TABLE sla_notice (
    work_order_id bigint NOT NULL REFERENCES work_order,
    kind          text NOT NULL,
    step          text NOT NULL,
    notify        text[] NOT NULL,
    due           timestamptz NOT NULL,
    at            timestamptz NOT NULL,
    PRIMARY KEY (work_order_id, kind, step)
);

CREATE TABLE assignment_rule (
    id         integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    code       text NOT NULL UNIQUE,
    -- Rules are tried in this order, then by code.
    rank       integer NOT NULL,
    definition jsonb NOT NULL,
    kept_in    text NOT NULL CHECK (kept_in IN ('files', 'database')),
    version    integer NOT NULL DEFAULT 1,
    retired_at timestamptz
);

-- Who got an order and why, and why the others did not; oldest first, the newest counts.
CREATE TABLE assignment_decision (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    work_order_id bigint NOT NULL REFERENCES work_order,
    -- The order's version that it made; null where nobody could be chosen.
    order_version integer,
    decided_by    text NOT NULL CHECK (decided_by IN ('rule', 'person')),
    actor         text NOT NULL,
    rule          text,
    assignee      text,
    explanation   text NOT NULL,
    -- [{"code", "name", "chosen", "why"}]: everybody who was looked at.
    considered    jsonb NOT NULL DEFAULT '[]',
    at            timestamptz NOT NULL
);
CREATE INDEX assignment_decision_order ON assignment_decision (work_order_id, id DESC);

-- A week's schedule as it was agreed: what schedule compliance is measured against.
CREATE TABLE schedule_freeze (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    site_id    integer NOT NULL REFERENCES site,
    -- The Monday on which it begins, at the site.
    week       date NOT NULL CHECK (extract(isodow FROM week) = 1),
    starts_at  timestamptz NOT NULL,
    ends_at    timestamptz NOT NULL CHECK (ends_at > starts_at),
    frozen_by  text NOT NULL,
    frozen_at  timestamptz NOT NULL,
    UNIQUE (site_id, week)
);

CREATE TABLE schedule_freeze_line (
    freeze_id         bigint NOT NULL REFERENCES schedule_freeze,
    work_order_id     bigint NOT NULL REFERENCES work_order,
    assignee          text,
    craft             text,
    planned_start     timestamptz NOT NULL,
    planned_finish    timestamptz,
    estimated_minutes integer,
    PRIMARY KEY (freeze_id, work_order_id)
);

-- Addresses under which a calendar program reads the work of a person or a team.
CREATE TABLE calendar_feed (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    token_hash bytea NOT NULL UNIQUE,
    -- Code of the person, vendor or team.
    holder     text NOT NULL,
    created_by text NOT NULL,
    created_at timestamptz NOT NULL,
    revoked_at timestamptz
);
CREATE INDEX calendar_feed_holder ON calendar_feed (holder) WHERE revoked_at IS NULL;
CREATE INDEX work_order_assigned_window ON work_order (assignee, planned_start)
    WHERE planned_start IS NOT NULL AND state NOT IN ('completed', 'closed', 'cancelled');
-- The board for dispatch: what is open, the most urgent first.
CREATE INDEX work_order_dispatch ON work_order (priority, id)
    WHERE state NOT IN ('completed', 'closed', 'cancelled');
