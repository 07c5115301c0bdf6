-- Points: one measured signal of one asset each.

CREATE TABLE point (
    id          integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tag         text NOT NULL UNIQUE,
    asset_id    integer NOT NULL REFERENCES asset,
    role        text NOT NULL,
    name        text NOT NULL DEFAULT '',
    unit        text NOT NULL,
    kind        text NOT NULL DEFAULT 'gauge' CHECK (kind IN ('gauge', 'counter', 'state')),
    -- Smallest step that means anything; null: full precision.
    resolution  double precision CHECK (resolution > 0),
    -- Values outside are stored as bad with the reason `range`.
    low         double precision,
    high        double precision CHECK (high >= low),
    -- A counter starts again at 0 after this value.
    rollover    double precision CHECK (rollover > 0),
    created_at  timestamptz NOT NULL DEFAULT now(),
    retired_at  timestamptz,
    UNIQUE (asset_id, role)
);
