-- The whole life of work: what an order is planned for, what it came from, what it belongs to.

ALTER TABLE work_order
    DROP CONSTRAINT work_order_type_check,
    ADD CONSTRAINT work_order_type_check
        CHECK (type IN ('corrective', 'preventive', 'inspection', 'improvement')),
    DROP CONSTRAINT work_order_origin_check,
    ADD CONSTRAINT work_order_origin_check
        CHECK (origin IN ('condition', 'person', 'request', 'plan', 'step', 'order')),
    -- Where the asset stood when the order was made; a later move does not take the order along.
    ADD COLUMN site_id           integer REFERENCES site,
    -- A part of larger work, or what another order left to be done.
    ADD COLUMN parent_id         bigint REFERENCES work_order CHECK (parent_id <> id),
    ADD COLUMN follows_id        bigint REFERENCES work_order CHECK (follows_id <> id),
    -- Planned window, and the day by which it has to be done.
    ADD COLUMN planned_start     timestamptz,
    ADD COLUMN planned_finish    timestamptz CHECK (planned_finish >= planned_start),
    ADD COLUMN due_at            timestamptz,
    ADD COLUMN estimated_minutes integer CHECK (estimated_minutes > 0),
    -- Who it is for where no person is named: a craft (mechanical), a team, a contract vendor.
    ADD COLUMN craft             text,
    ADD COLUMN team              text,
    ADD COLUMN scheduled_at      timestamptz,
    ADD COLUMN hold_reason       text,
    -- When the item failed and when it could work again (ISO 14224), as people found.
    ADD COLUMN failed_at         timestamptz,
    ADD COLUMN restored_at       timestamptz CHECK (restored_at >= failed_at),
    ADD COLUMN reopened          integer NOT NULL DEFAULT 0;

UPDATE work_order o SET site_id = asset.site_id FROM asset WHERE asset.id = o.asset_id;
ALTER TABLE work_order ALTER COLUMN site_id SET NOT NULL;

CREATE INDEX work_order_site ON work_order (site_id, state, id DESC);
CREATE INDEX work_order_parent ON work_order (parent_id) WHERE parent_id IS NOT NULL;
CREATE INDEX work_order_follows ON work_order (follows_id) WHERE follows_id IS NOT NULL;
CREATE INDEX work_order_planned ON work_order (planned_start)
    WHERE state NOT IN ('completed', 'closed', 'cancelled');
CREATE INDEX work_order_due ON work_order (due_at)
    WHERE due_at IS NOT NULL AND state NOT IN ('completed', 'closed', 'cancelled');
