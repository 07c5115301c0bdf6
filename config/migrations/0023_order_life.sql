-- What an order goes through: holds with reasons, permits and isolations, time, failures, signatures,
-- and what a site's policy asks for. Moves stay in work_order_change, the history of states.

-- Why work stands still; pauses_sla says whether the clocks of an agreement stand still with it.
CREATE TABLE hold_reason (
    code       text PRIMARY KEY,
    name       text NOT NULL,
    pauses_sla boolean NOT NULL,
    kept_in    text NOT NULL DEFAULT 'database' CHECK (kept_in IN ('files', 'database')),
    retired_at timestamptz
);
INSERT INTO hold_reason (code, name, pauses_sla) VALUES
    ('waiting_parts', 'Waiting for parts', false),
    ('waiting_access', 'Waiting for access to the asset', true),
    ('waiting_vendor', 'Waiting for a vendor', false),
    ('waiting_permit', 'Waiting for a permit to work', true),
    ('waiting_requester', 'Waiting for the requester', true),
    ('waiting_staff', 'Waiting for people', false),
    ('waiting_production', 'Waiting for production to hand over', true),
    ('weather', 'Weather', true),
    ('other', 'Another reason', false);

-- What a site asks of its work; site '*' stands for all that have no row. See orders/work_policy.py.
CREATE TABLE work_policy (
    site       text PRIMARY KEY,
    definition jsonb NOT NULL,
    kept_in    text NOT NULL DEFAULT 'database' CHECK (kept_in IN ('files', 'database'))
);

ALTER TABLE work_order
    -- What it came from where that may lead to one order only: 'step:17', 'occurrence:9'.
    ADD COLUMN origin_key   text UNIQUE,
    ADD COLUMN held_at      timestamptz,
    -- When the work itself ended; completed_at is when that was said.
    ADD COLUMN finished_at  timestamptz,
    ADD COLUMN completed_by text,
    ADD CONSTRAINT work_order_hold_reason_fkey FOREIGN KEY (hold_reason) REFERENCES hold_reason,
    ADD CONSTRAINT work_order_held CHECK ((state = 'on_hold') = (hold_reason IS NOT NULL));

-- Lists are pages, newest first: each filter that a list has finds its page without a sort.
DROP INDEX work_order_state;
DROP INDEX work_order_assignee;
CREATE INDEX work_order_state ON work_order (state, id DESC);
CREATE INDEX work_order_assignee ON work_order (assignee, state, id DESC) WHERE assignee IS NOT NULL;
CREATE INDEX work_order_type ON work_order (type, state, id DESC);
CREATE INDEX work_order_priority ON work_order (priority, state, id DESC);
CREATE INDEX work_order_words ON work_order
    USING gin (to_tsvector('simple', title || ' ' || description));

-- Time that people worked. A row without finished_at and minutes is a timer that runs; a row that
-- reverses another takes its minutes back, and its person's time is free again.
CREATE TABLE labour_entry (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    work_order_id bigint NOT NULL REFERENCES work_order,
    person        text NOT NULL,
    craft         text,
    started_at    timestamptz,
    finished_at   timestamptz CHECK (finished_at > started_at),
    minutes       integer,
    note          text NOT NULL DEFAULT '',
    entered_by    text NOT NULL,
    entered_at    timestamptz NOT NULL,
    reverses_id   bigint UNIQUE REFERENCES labour_entry,
    reversed_at   timestamptz,
    CHECK (CASE WHEN reverses_id IS NULL THEN minutes > 0 ELSE minutes < 0 END),
    CHECK (minutes IS NOT NULL OR started_at IS NOT NULL AND finished_at IS NULL),
    -- A text has no gist of its own without an extension; its hash as a range of one number has.
    CONSTRAINT labour_overlap EXCLUDE USING gist (
        int8range(hashtextextended(person, 0), hashtextextended(person, 0), '[]') WITH &&,
        tstzrange(started_at, finished_at) WITH &&
    ) WHERE (started_at IS NOT NULL AND reverses_id IS NULL AND reversed_at IS NULL)
);
CREATE INDEX labour_entry_order ON labour_entry (work_order_id, id);
CREATE INDEX labour_entry_person ON labour_entry (person, id DESC);
CREATE INDEX labour_entry_running ON labour_entry (work_order_id) WHERE minutes IS NULL;

-- Permits to work. Work starts when each is issued and its isolations are verified, and is complete
-- when each is handed back and its isolations are removed.
CREATE TABLE permit (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    work_order_id bigint NOT NULL REFERENCES work_order,
    kind          text NOT NULL CHECK (kind IN (
        'hot_work', 'confined_space', 'electrical', 'lockout', 'height', 'general'
    )),
    description   text NOT NULL DEFAULT '',
    required_by   text NOT NULL,
    required_at   timestamptz NOT NULL,
    issued_by     text,
    issued_at     timestamptz,
    valid_until   timestamptz CHECK (valid_until > issued_at),
    closed_by     text,
    closed_at     timestamptz CHECK (closed_at >= issued_at),
    withdrawn_by  text,
    withdrawn_at  timestamptz,
    CHECK ((issued_at IS NULL) = (issued_by IS NULL)),
    CHECK ((closed_at IS NULL) = (closed_by IS NULL)),
    CHECK ((withdrawn_at IS NULL) = (withdrawn_by IS NULL))
);
CREATE INDEX permit_order ON permit (work_order_id, id);

CREATE TABLE isolation_point (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    permit_id   bigint NOT NULL REFERENCES permit,
    tag         text NOT NULL,
    energy      text NOT NULL CHECK (energy IN (
        'electrical', 'hydraulic', 'pneumatic', 'mechanical', 'thermal', 'chemical', 'gravity', 'other'
    )),
    method      text NOT NULL DEFAULT '',
    applied_by  text,
    applied_at  timestamptz,
    verified_by text,
    verified_at timestamptz CHECK (verified_at >= applied_at),
    removed_by  text,
    removed_at  timestamptz CHECK (removed_at >= applied_at),
    UNIQUE (permit_id, tag),
    CHECK (verified_at IS NULL OR applied_at IS NOT NULL),
    CHECK (removed_at IS NULL OR applied_at IS NOT NULL)
);

-- Codes of ISO 14224; asset_class '' stands for every class.
CREATE TABLE failure_code (
    kind        text NOT NULL CHECK (kind IN ('mode', 'mechanism', 'cause', 'detection', 'activity')),
    code        text NOT NULL,
    asset_class text NOT NULL DEFAULT '',
    name        text NOT NULL,
    kept_in     text NOT NULL DEFAULT 'database' CHECK (kept_in IN ('files', 'database')),
    retired_at  timestamptz,
    PRIMARY KEY (kind, code, asset_class)
);
INSERT INTO failure_code (kind, code, name) VALUES
    ('mode', 'VIB', 'Vibration'),
    ('mode', 'OHE', 'Overheating'),
    ('mode', 'NOI', 'Noise'),
    ('mode', 'ELP', 'External leakage of the process medium'),
    ('mode', 'ELU', 'External leakage of a utility medium'),
    ('mode', 'INL', 'Internal leakage'),
    ('mode', 'BRD', 'Breakdown'),
    ('mode', 'FTS', 'Fails to start on demand'),
    ('mode', 'STP', 'Fails to stop on demand'),
    ('mode', 'UST', 'Stops when it should not'),
    ('mode', 'LOO', 'Low output'),
    ('mode', 'HIO', 'High output'),
    ('mode', 'ERO', 'Erratic output'),
    ('mode', 'PDE', 'A parameter deviates'),
    ('mode', 'AIR', 'Abnormal instrument reading'),
    ('mode', 'PLU', 'Plugged or choked'),
    ('mode', 'STD', 'Structural deficiency'),
    ('mode', 'FTC', 'Fails to close on demand'),
    ('mode', 'FTO', 'Fails to open on demand'),
    ('mode', 'SER', 'Minor problem found in service'),
    ('mode', 'OTH', 'Other'),
    ('mode', 'UNK', 'Unknown'),
    ('mechanism', '1.0', 'Mechanical, general'),
    ('mechanism', '1.1', 'Leakage'),
    ('mechanism', '1.2', 'Vibration'),
    ('mechanism', '1.3', 'Clearance or alignment'),
    ('mechanism', '1.4', 'Deformation'),
    ('mechanism', '1.5', 'Looseness'),
    ('mechanism', '1.6', 'Sticking'),
    ('mechanism', '2.2', 'Corrosion'),
    ('mechanism', '2.3', 'Erosion'),
    ('mechanism', '2.4', 'Wear'),
    ('mechanism', '2.5', 'Breakage'),
    ('mechanism', '2.6', 'Fatigue'),
    ('mechanism', '2.7', 'Overheating'),
    ('mechanism', '3.0', 'Instrument, general'),
    ('mechanism', '4.0', 'Electrical, general'),
    ('mechanism', '5.1', 'Blockage'),
    ('mechanism', '5.2', 'Contamination'),
    ('mechanism', '6.4', 'Unknown'),
    ('cause', '1', 'Design'),
    ('cause', '2', 'Fabrication or installation'),
    ('cause', '3', 'Operation or maintenance'),
    ('cause', '3.1', 'Used outside its design'),
    ('cause', '3.2', 'Operating error'),
    ('cause', '3.3', 'Maintenance error'),
    ('cause', '3.4', 'Expected wear and tear'),
    ('cause', '4', 'Management'),
    ('cause', '5.5', 'Unknown'),
    ('detection', '1', 'Periodic maintenance'),
    ('detection', '2', 'Functional testing'),
    ('detection', '3', 'Inspection'),
    ('detection', '4', 'Periodic condition monitoring'),
    ('detection', '6', 'Continuous condition monitoring'),
    ('detection', '7', 'Production interference'),
    ('detection', '8', 'Casual observation'),
    ('detection', '9', 'Corrective maintenance'),
    ('detection', '10', 'On demand'),
    ('detection', '11', 'Other'),
    ('activity', '1', 'Replace'),
    ('activity', '2', 'Repair'),
    ('activity', '3', 'Modify'),
    ('activity', '4', 'Adjust'),
    ('activity', '5', 'Refit'),
    ('activity', '6', 'Check'),
    ('activity', '7', 'Service'),
    ('activity', '8', 'Test'),
    ('activity', '9', 'Inspection'),
    ('activity', '10', 'Overhaul'),
    ('activity', '11', 'Combination'),
    ('activity', '12', 'Other');

-- What people found and did (ISO 14224); the order says when it failed and when it could work again.
CREATE TABLE failure_report (
    work_order_id    bigint PRIMARY KEY REFERENCES work_order,
    failure_mode     text NOT NULL,
    mechanism        text,
    cause            text,
    detection_method text,
    activity         text,
    remark           text NOT NULL DEFAULT '',
    reported_by      text NOT NULL,
    reported_at      timestamptz NOT NULL
);

-- Who vouches for what: `content` is what was signed, `hash` its SHA-256. Nothing changes it later.
CREATE TABLE signature (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    work_order_id bigint NOT NULL REFERENCES work_order,
    version       integer NOT NULL,
    meaning       text NOT NULL CHECK (meaning IN ('performed', 'reviewed', 'approved', 'accepted')),
    signer        text NOT NULL,
    content       text NOT NULL,
    hash          text NOT NULL,
    at            timestamptz NOT NULL
);
CREATE INDEX signature_order ON signature (work_order_id, id);
CREATE TRIGGER signature_is_kept BEFORE UPDATE OR DELETE ON signature
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- What an event did: joined work already under way on its asset, or brought its last order back.
ALTER TABLE work_order_event
    DROP CONSTRAINT work_order_event_relation_check,
    ADD CONSTRAINT work_order_event_relation_check CHECK (
        relation IN ('raised', 'attached', 'cooled_down', 'reopened', 'suppressed')
    );
CREATE INDEX work_order_event_suppressed ON work_order_event (work_order_id)
    WHERE relation = 'suppressed';
