-- The asset register: sites, locations, classes and the asset tree.
-- Nothing is deleted here: what is gone from the plant has `retired_at`, its history stays.

CREATE TABLE site (
    id         integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    code       text NOT NULL UNIQUE,
    name       text NOT NULL,
    time_zone  text NOT NULL DEFAULT 'UTC',
    retired_at timestamptz
);

CREATE TABLE location (
    id         integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    site_id    integer NOT NULL REFERENCES site,
    parent_id  integer REFERENCES location CHECK (parent_id <> id),
    code       text NOT NULL,
    name       text NOT NULL,
    -- ISA-95 equipment levels below the site.
    level      text NOT NULL DEFAULT 'area' CHECK (level IN ('area', 'work_center', 'work_unit')),
    retired_at timestamptz,
    UNIQUE (site_id, code)
);

CREATE TABLE asset_class (
    id         integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    code       text NOT NULL UNIQUE,
    name       text NOT NULL,
    -- role -> {"name", "unit", "kind"}: what a point of this role measures.
    roles      jsonb NOT NULL DEFAULT '{}',
    retired_at timestamptz
);

CREATE TABLE asset (
    id              integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tag             text NOT NULL UNIQUE CHECK (tag ~ '^[^.[:space:]]+$'),
    name            text NOT NULL,
    class_id        integer NOT NULL REFERENCES asset_class,
    site_id         integer NOT NULL REFERENCES site,
    location_id     integer REFERENCES location,
    parent_id       integer REFERENCES asset CHECK (parent_id <> id),
    criticality     text NOT NULL DEFAULT 'B' CHECK (criticality IN ('A', 'B', 'C')),
    -- EN 13306 states of an item.
    operating_state text NOT NULL DEFAULT 'operating'
        CHECK (operating_state IN ('operating', 'standby', 'idle', 'down', 'maintenance')),
    version         integer NOT NULL DEFAULT 1,
    created_at      timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now(),
    retired_at      timestamptz
);
CREATE INDEX asset_parent ON asset (parent_id);
CREATE INDEX asset_site ON asset (site_id, class_id);
