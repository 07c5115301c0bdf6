-- Edges and gateways that were ever heard of, so that one which is silent is missed after a restart of
-- `oilcan serve` too. Their statuses pass by in the log and are kept nowhere.
CREATE TABLE known_edge (
    name       text PRIMARY KEY,
    last_heard timestamptz NOT NULL
);
