-- Preventive work: plans, the assets that they are for, and their occurrences.

CREATE TABLE maintenance_plan (
    id            integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    code          text NOT NULL UNIQUE,
    name          text NOT NULL,
    -- The plan as it is written: triggers, tolerances, what an order of it is made of.
    definition    jsonb NOT NULL,
    kept_in       text NOT NULL CHECK (kept_in IN ('files', 'database')),
    version       integer NOT NULL DEFAULT 1,
    -- What follows from the definition and is asked for row by row. In a chain each occurrence
    -- follows from the one before; rules and severities belong together.
    chain         boolean NOT NULL,
    lead_min      integer NOT NULL DEFAULT 0 CHECK (lead_min >= 0),
    window_min    integer NOT NULL DEFAULT 0 CHECK (window_min >= 0),
    rules         text[] NOT NULL DEFAULT '{}',
    severities    smallint[] NOT NULL DEFAULT '{}',
    -- Work of one group on one asset: the greater rank absorbs the lesser within so many minutes.
    nest          text,
    rank          integer NOT NULL DEFAULT 0,
    within_min    integer NOT NULL DEFAULT 0 CHECK (within_min >= 0),
    -- No slot before this: a plan has no past of its own.
    effective_at  timestamptz NOT NULL,
    paused_at     timestamptz,
    pause_reason  text NOT NULL DEFAULT '',
    -- Which version's occurrences are there, and since when; null: none yet.
    generated_at  timestamptz,
    generated_version integer,
    -- What a generation could not do, in words; empty: all of it.
    trouble       text NOT NULL DEFAULT '',
    created_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    retired_at    timestamptz
);

CREATE INDEX maintenance_plan_nest ON maintenance_plan (nest, rank) WHERE nest IS NOT NULL;

-- Every change of a plan and every decision of a person about one of its occurrences.
CREATE TABLE maintenance_plan_change (
    id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    plan_id integer NOT NULL REFERENCES maintenance_plan,
    version integer NOT NULL,
    action  text NOT NULL,
    actor   text NOT NULL,
    reason  text NOT NULL DEFAULT '',
    details jsonb NOT NULL DEFAULT '{}',
    at      timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX maintenance_plan_change_plan ON maintenance_plan_change (plan_id, id DESC);

-- The assets that a plan was last found to be for; none of them is retired.
CREATE TABLE plan_asset (
    plan_id  integer NOT NULL REFERENCES maintenance_plan,
    asset_id integer NOT NULL REFERENCES asset,
    PRIMARY KEY (plan_id, asset_id)
);
CREATE INDEX plan_asset_asset ON plan_asset (asset_id);

CREATE TABLE plan_occurrence (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    plan_id       integer NOT NULL REFERENCES maintenance_plan,
    asset_id      integer NOT NULL REFERENCES asset,
    -- What it is the occurrence of, for ever: a wall time (`t:2026-03-31T06:00`), a count
    -- (`m:2000`), an event (`c:17`), a beginning (`start`) or the occurrence that it follows
    -- (`after:41`). Moving its due date leaves it as it is.
    slot_key      text NOT NULL,
    -- Nominal moment of a wall time, before closed days moved it.
    slot_at       timestamptz,
    state         text NOT NULL CHECK (state IN (
        'forecast', 'released', 'done', 'skipped', 'suppressed', 'missed'
    )),
    reason        text NOT NULL DEFAULT '',
    -- When the work is due; null: its meter does not move. For meters P50, between P10 and P90.
    due_at        timestamptz,
    due_p10       timestamptz,
    due_p90       timestamptz,
    due_because   text NOT NULL DEFAULT '',
    -- Done in time until here.
    latest_at     timestamptz,
    -- From here on an order may be made.
    release_at    timestamptz,
    meter_target  double precision,
    -- Place in a chain, from 1, and the occurrence before it.
    ordinal       integer NOT NULL DEFAULT 1,
    after_id      bigint REFERENCES plan_occurrence,
    suppressed_by bigint REFERENCES plan_occurrence ON DELETE SET NULL,
    work_order_id bigint REFERENCES work_order,
    -- Set once the state is no forecast any more; what stands before is worked out anew.
    decided_at    timestamptz,
    decided_by    text,
    released_at   timestamptz,
    done_at       timestamptz,
    -- Life to date of the meter when it was done.
    done_count    double precision,
    created_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    UNIQUE (plan_id, asset_id, slot_key)
);
CREATE INDEX plan_occurrence_release ON plan_occurrence (release_at)
    WHERE decided_at IS NULL AND release_at IS NOT NULL;
CREATE INDEX plan_occurrence_ahead ON plan_occurrence (plan_id, slot_at) WHERE decided_at IS NULL;
CREATE INDEX plan_occurrence_asset ON plan_occurrence (asset_id, due_at);
CREATE INDEX plan_occurrence_due ON plan_occurrence (due_at, id);
CREATE INDEX plan_occurrence_order ON plan_occurrence (work_order_id)
    WHERE work_order_id IS NOT NULL;
CREATE INDEX plan_occurrence_absorber ON plan_occurrence (suppressed_by)
    WHERE suppressed_by IS NOT NULL;
CREATE INDEX plan_occurrence_after ON plan_occurrence (after_id) WHERE after_id IS NOT NULL;
CREATE INDEX plan_occurrence_done ON plan_occurrence (done_at) WHERE state = 'done';
CREATE INDEX plan_occurrence_meter ON plan_occurrence (plan_id, asset_id, meter_target)
    WHERE decided_at IS NULL AND meter_target IS NOT NULL;
CREATE INDEX plan_occurrence_released ON plan_occurrence (id) WHERE state = 'released';

-- What would come after the occurrence at the end of a chain, if each were done when it is due.
CREATE TABLE plan_projection (
    plan_id  integer NOT NULL REFERENCES maintenance_plan,
    asset_id integer NOT NULL REFERENCES asset,
    ordinal  integer NOT NULL,
    due_at   timestamptz NOT NULL,
    PRIMARY KEY (plan_id, asset_id, ordinal)
);
CREATE INDEX plan_projection_due ON plan_projection (due_at);
