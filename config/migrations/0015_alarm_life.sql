-- The life of an alarm beside the state of its condition (ISA-18.2, OPC UA Part 9): who has seen it,
-- what holds it back from being told, what waits for a reset. The condition is evaluated all along.

ALTER TABLE condition_event
    -- A latching event that cleared stays open until somebody resets it.
    ADD COLUMN latch         boolean NOT NULL DEFAULT false,
    ADD COLUMN latched       boolean NOT NULL DEFAULT false,
    ADD COLUMN reset_at      timestamptz,
    ADD COLUMN reset_by      text,
    -- What holds it back: shelved, suppressed, out_of_service; empty: it is annunciated.
    ADD COLUMN silenced      text[] NOT NULL DEFAULT '{}',
    ADD COLUMN silenced_why  text NOT NULL DEFAULT '',
    -- The severity that others were told last; null: they know of nothing that is active.
    ADD COLUMN told_severity smallint CHECK (told_severity BETWEEN 1 AND 4);
-- What is open already was told when it was raised.
UPDATE condition_event SET told_severity = severity WHERE state = 'active';

DROP INDEX condition_event_open;
CREATE INDEX condition_event_open ON condition_event (asset_id, rule) WHERE state = 'active' OR latched;
CREATE INDEX condition_event_open_recent ON condition_event (raised_at DESC, id DESC)
    WHERE state = 'active' OR latched;
CREATE INDEX condition_event_open_worst ON condition_event (severity DESC, raised_at DESC, id DESC)
    WHERE state = 'active' OR latched;
-- How often one alarm came, and what was open in a period.
CREATE INDEX condition_event_alarm ON condition_event (asset_id, rule, raised_at);
CREATE INDEX condition_event_cleared ON condition_event (cleared_at) WHERE cleared_at IS NOT NULL;

-- Every change is kept here; one that was held back is written as handled, and nobody acts on it.
-- A raise with a later time than the event's own is the end of what held it back.
ALTER TABLE condition_outbox ADD COLUMN annunciated boolean NOT NULL DEFAULT true;
ALTER TABLE condition_outbox DROP CONSTRAINT condition_outbox_event_id_kind_at_severity_key;
CREATE UNIQUE INDEX condition_outbox_once
    ON condition_outbox (event_id, kind, at, severity, annunciated);
CREATE INDEX condition_outbox_annunciation ON condition_outbox (at, id)
    WHERE kind = 'raised' AND annunciated;

-- Shelved by a person: for a time (every event of the rule on the asset), or once (one event).
CREATE TABLE alarm_shelf (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    asset_id   integer NOT NULL REFERENCES asset,
    rule       text NOT NULL,
    event_id   bigint NOT NULL REFERENCES condition_event,
    one_shot   boolean NOT NULL,
    until      timestamptz NOT NULL,
    reason     text NOT NULL CHECK (reason <> ''),
    actor      text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    ended_at   timestamptz,
    ended_by   text,
    CHECK ((ended_at IS NULL) = (ended_by IS NULL))
);
CREATE UNIQUE INDEX alarm_shelf_in_force ON alarm_shelf (asset_id, rule) WHERE ended_at IS NULL;

-- Out of service until it is returned: an asset with its parts, or one rule on one asset.
CREATE TABLE alarm_outage (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    asset_id   integer NOT NULL REFERENCES asset,
    rule       text,
    reason     text NOT NULL CHECK (reason <> ''),
    actor      text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    ended_at   timestamptz,
    ended_by   text,
    CHECK ((ended_at IS NULL) = (ended_by IS NULL))
);
CREATE UNIQUE INDEX alarm_outage_in_force ON alarm_outage (asset_id, coalesce(rule, ''))
    WHERE ended_at IS NULL;

-- Suppressed by design, besides what the rules themselves say: while an asset above has an active
-- event, while the asset or one above it is in a state, or in a window of the site's local time.
CREATE TABLE alarm_suppression (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- The asset with its parts; null: every one.
    asset_id    integer REFERENCES asset,
    rule        text,
    kind        text NOT NULL CHECK (kind IN ('parent', 'asset_state', 'window')),
    parent_rule text,
    states      text[],
    -- Each week: Monday is 0; where `ends` is not after `starts` it lies on the next day.
    weekdays    smallint[],
    starts      time,
    ends        time,
    -- Or whole days, both of them too.
    first_day   date,
    last_day    date CHECK (last_day >= first_day),
    reason      text NOT NULL CHECK (reason <> ''),
    actor       text NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    ended_at    timestamptz,
    ended_by    text,
    CHECK ((ended_at IS NULL) = (ended_by IS NULL)),
    CHECK (kind = 'parent' OR parent_rule IS NULL),
    CHECK ((kind = 'asset_state') = (states IS NOT NULL)),
    CHECK ((weekdays IS NULL) = (starts IS NULL) AND (starts IS NULL) = (ends IS NULL)),
    CHECK ((first_day IS NULL) = (last_day IS NULL)),
    CHECK ((kind = 'window') = (num_nonnulls(weekdays, first_day) = 1)
           AND num_nonnulls(weekdays, first_day) < 2)
);
CREATE INDEX alarm_suppression_in_force ON alarm_suppression (id) WHERE ended_at IS NULL;

-- Audit trail of what people, and the clock, did to alarms: one row for each, in its transaction.
CREATE TABLE alarm_change (
    id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    event_id bigint REFERENCES condition_event,
    asset_id integer REFERENCES asset,
    rule     text,
    action   text NOT NULL,
    actor    text NOT NULL,
    reason   text NOT NULL DEFAULT '',
    before   jsonb,
    after    jsonb,
    at       timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX alarm_change_event ON alarm_change (event_id, id) WHERE event_id IS NOT NULL;
CREATE INDEX alarm_change_asset ON alarm_change (asset_id, id);
CREATE TRIGGER alarm_change_is_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON alarm_change
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
