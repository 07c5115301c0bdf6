-- What somebody has to do is summed up from the index, planned or not.
DROP INDEX work_order_assigned_window;
CREATE INDEX work_order_open_work ON work_order (assignee, planned_start) INCLUDE (estimated_minutes, id)
WHERE assignee IS NOT NULL AND state NOT IN ('completed', 'closed', 'cancelled');

-- Clocks at risk are read in the order in which they run out. An index by the warning alone led the
-- planner to sort all of them: it takes those that have warned for few, and they may be very many.
DROP INDEX sla_clock_warn;
DROP INDEX sla_clock_due;
CREATE INDEX sla_clock_due ON sla_clock (due_at, work_order_id, kind) INCLUDE (warn_at, breached_at)
WHERE phase = 'running';
