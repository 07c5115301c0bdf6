-- Figures of a period read what lies in it, and no more.

CREATE INDEX sla_clock_decided ON sla_clock (coalesce(breached_at, finished_at)) WHERE phase <> 'void';
CREATE INDEX cost_entry_at ON cost_entry (at);
CREATE INDEX service_entry_at ON service_entry (at);
CREATE INDEX work_request_rated ON work_request (rated_at) WHERE rated_at IS NOT NULL;
CREATE INDEX labour_entry_worked ON labour_entry (coalesce(started_at, entered_at));
CREATE INDEX labour_entry_finished ON labour_entry (finished_at) WHERE finished_at IS NOT NULL;
CREATE INDEX downtime_ended ON downtime (ended_at) WHERE withdrawn_at IS NULL;
-- What waits is summed up from this alone.
CREATE INDEX work_order_backlog ON work_order (asset_id)
    INCLUDE (state, craft, assignee, estimated_minutes)
    WHERE state IN ('approved', 'scheduled', 'in_progress', 'on_hold');
