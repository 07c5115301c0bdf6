-- What the figures of a period read: what was done, answered and lost in it.

CREATE INDEX work_order_completed ON work_order (completed_at) WHERE completed_at IS NOT NULL;
CREATE INDEX work_order_created ON work_order (created_at);
CREATE INDEX work_order_started ON work_order (started_at) WHERE started_at IS NOT NULL;
CREATE INDEX work_order_change_reopened ON work_order_change (at) WHERE action = 'reopen';
CREATE INDEX asset_state_elsewhere ON asset_state (since) WHERE state <> 'operating';
CREATE INDEX downtime_started ON downtime (started_at) WHERE withdrawn_at IS NULL;
CREATE INDEX sla_clock_finished ON sla_clock (finished_at) WHERE finished_at IS NOT NULL;
CREATE INDEX labour_entry_time ON labour_entry (entered_at);

-- Seconds in ranges of time that were put together; 0 in none.
CREATE FUNCTION seconds_of(times tstzmultirange) RETURNS float8 LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(sum(extract(epoch FROM upper(one) - lower(one))), 0)::float8
    FROM unnest(times) AS one
$$;
