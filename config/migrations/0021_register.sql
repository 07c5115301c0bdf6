-- The register whole: what an asset is, where it stood when, how it was, what belongs to it.

-- What plant files keep is changed there alone; what the database keeps, over the API.
ALTER TABLE site ADD COLUMN kept_in text NOT NULL DEFAULT 'files' CHECK (kept_in IN ('files', 'database'));
ALTER TABLE location ADD COLUMN kept_in text NOT NULL DEFAULT 'files' CHECK (kept_in IN ('files', 'database'));

ALTER TABLE asset_class
    ADD COLUMN kept_in       text NOT NULL DEFAULT 'files' CHECK (kept_in IN ('files', 'database')),
    -- Equipment class and type of the taxonomy (ISO 14224), such as PU/CE.
    ADD COLUMN equipment     text,
    -- name -> {"kind", "unit", "required", "choices"}: what is stated of each asset of the class.
    ADD COLUMN attributes    jsonb NOT NULL DEFAULT '{}',
    -- code -> short name (ISO 14224).
    ADD COLUMN failure_modes jsonb NOT NULL DEFAULT '{}';

ALTER TABLE asset
    ADD COLUMN kept_in      text NOT NULL DEFAULT 'files' CHECK (kept_in IN ('files', 'database')),
    -- Nameplate.
    ADD COLUMN manufacturer text,
    ADD COLUMN model        text,
    ADD COLUMN serial       text,
    ADD COLUMN year         smallint CHECK (year BETWEEN 1800 AND 2200),
    -- attribute of the class -> value.
    ADD COLUMN attributes   jsonb NOT NULL DEFAULT '{}',
    -- system -> what the asset is called there: a node of OPC UA, a topic of MQTT, a number of an ERP.
    ADD COLUMN external_ids jsonb NOT NULL DEFAULT '{}';

-- Each filter of the list of assets is read in the list's own order.
DROP INDEX asset_site, asset_parent;
CREATE INDEX asset_site ON asset (site_id, tag);
CREATE INDEX asset_class_tag ON asset (class_id, tag);
CREATE INDEX asset_location ON asset (location_id, tag);
CREATE INDEX asset_parent ON asset (parent_id, tag);
CREATE INDEX asset_external ON asset USING gin (external_ids jsonb_path_ops);

-- Fragments of tags and names are found by trigrams where the extension is at hand; without it the
-- same search reads every asset.
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_available_extensions WHERE name = 'pg_trgm') THEN
        CREATE EXTENSION IF NOT EXISTS pg_trgm;
        CREATE INDEX asset_words ON asset USING gin (lower(tag || ' ' || name) gin_trgm_ops);
    END IF;
END
$$;

-- Where an asset stood, from `since` until before `until`. A range over one integer and one over
-- time are all that the constraints need: no extension.
CREATE TABLE asset_placement (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    asset_id    integer NOT NULL REFERENCES asset,
    site_id     integer NOT NULL REFERENCES site,
    location_id integer REFERENCES location,
    parent_id   integer REFERENCES asset,
    since       timestamptz NOT NULL,
    until       timestamptz CHECK (until > since),
    actor       text NOT NULL,
    reason      text NOT NULL DEFAULT '',
    EXCLUDE USING gist (int4range(asset_id, asset_id, '[]') WITH &&, tstzrange(since, until) WITH &&)
);
CREATE INDEX asset_placement_asset ON asset_placement (asset_id, since DESC);
CREATE INDEX asset_placement_parent ON asset_placement (parent_id, since);
CREATE UNIQUE INDEX asset_placement_present ON asset_placement (asset_id) WHERE until IS NULL;

-- How it was: operating states (EN 13306) and criticality, each from `since` until before `until`.
CREATE TABLE asset_state (
    id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    asset_id integer NOT NULL REFERENCES asset,
    state    text NOT NULL CHECK (state IN ('operating', 'standby', 'idle', 'down', 'maintenance')),
    since    timestamptz NOT NULL,
    until    timestamptz CHECK (until > since),
    actor    text NOT NULL,
    reason   text NOT NULL DEFAULT '',
    EXCLUDE USING gist (int4range(asset_id, asset_id, '[]') WITH &&, tstzrange(since, until) WITH &&)
);
CREATE INDEX asset_state_asset ON asset_state (asset_id, since DESC);
CREATE UNIQUE INDEX asset_state_present ON asset_state (asset_id) WHERE until IS NULL;

CREATE TABLE asset_criticality (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    asset_id    integer NOT NULL REFERENCES asset,
    criticality text NOT NULL CHECK (criticality IN ('A', 'B', 'C')),
    since       timestamptz NOT NULL,
    until       timestamptz CHECK (until > since),
    actor       text NOT NULL,
    reason      text NOT NULL DEFAULT '',
    EXCLUDE USING gist (int4range(asset_id, asset_id, '[]') WITH &&, tstzrange(since, until) WITH &&)
);
CREATE INDEX asset_criticality_asset ON asset_criticality (asset_id, since DESC);
CREATE UNIQUE INDEX asset_criticality_present ON asset_criticality (asset_id) WHERE until IS NULL;

-- Audit trail: one row for each change of an asset, in the transaction that made it.
CREATE TABLE asset_change (
    id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    asset_id integer NOT NULL REFERENCES asset,
    version  integer NOT NULL,
    action   text NOT NULL,
    -- [{"name", "old", "new"}], in the words of the API.
    fields   jsonb NOT NULL DEFAULT '[]',
    actor    text NOT NULL,
    reason   text NOT NULL DEFAULT '',
    at       timestamptz NOT NULL
);
CREATE INDEX asset_change_asset ON asset_change (asset_id, id DESC);
CREATE TRIGGER asset_change_is_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON asset_change
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- When an asset could not do its work. Of the asset itself: what stands above it has its own.
CREATE TABLE downtime (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    asset_id      integer NOT NULL REFERENCES asset,
    kind          text NOT NULL CHECK (kind IN ('planned', 'unplanned')),
    started_at    timestamptz NOT NULL,
    -- Null: it is down still.
    ended_at      timestamptz CHECK (ended_at > started_at),
    reason        text NOT NULL DEFAULT '',
    work_order_id bigint REFERENCES work_order,
    actor         text NOT NULL,
    ended_by      text,
    recorded_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- One that was recorded by mistake stays, and counts for nothing.
    withdrawn_at  timestamptz,
    withdrawn_by  text,
    withdrawn_for text,
    CONSTRAINT downtime_overlap EXCLUDE USING gist (
        int4range(asset_id, asset_id, '[]') WITH &&, tstzrange(started_at, ended_at) WITH &&
    ) WHERE (withdrawn_at IS NULL)
);
CREATE INDEX downtime_asset ON downtime (asset_id, started_at DESC) WHERE withdrawn_at IS NULL;
CREATE INDEX downtime_order ON downtime (work_order_id) WHERE work_order_id IS NOT NULL;

CREATE TABLE warranty (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    asset_id     integer NOT NULL REFERENCES asset,
    kept_in      text NOT NULL DEFAULT 'database' CHECK (kept_in IN ('files', 'database')),
    vendor       text NOT NULL,
    -- Days of the site's time zone, both included.
    starts_on    date NOT NULL,
    ends_on      date NOT NULL CHECK (ends_on >= starts_on),
    terms        text NOT NULL DEFAULT '',
    actor        text NOT NULL,
    withdrawn_at timestamptz
);
CREATE INDEX warranty_asset ON warranty (asset_id, ends_on) WHERE withdrawn_at IS NULL;

-- Files by their content, kept below OILCAN_HOME/files; one without a link is discarded in time.
CREATE TABLE kept_file (
    sha256       text PRIMARY KEY CHECK (sha256 ~ '^[0-9a-f]{64}$'),
    size         bigint NOT NULL CHECK (size > 0),
    media_type   text NOT NULL,
    kept_at      timestamptz NOT NULL,
    discarded_at timestamptz
);

-- A file linked to a thing. A thing that comes of another links the same file again: nothing moves.
CREATE TABLE attachment (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    subject     text NOT NULL CHECK (subject IN ('asset', 'request', 'order', 'step', 'article')),
    subject_id  bigint NOT NULL,
    sha256      text NOT NULL REFERENCES kept_file,
    name        text NOT NULL,
    caption     text NOT NULL DEFAULT '',
    actor       text NOT NULL,
    attached_at timestamptz NOT NULL,
    removed_at  timestamptz,
    removed_by  text
);
CREATE UNIQUE INDEX attachment_subject ON attachment (subject, subject_id, sha256)
    WHERE removed_at IS NULL;
CREATE INDEX attachment_file ON attachment (sha256) WHERE removed_at IS NULL;

-- History begins with what there is.
INSERT INTO asset_placement (asset_id, site_id, location_id, parent_id, since, actor)
SELECT id, site_id, location_id, parent_id, created_at, 'plant files' FROM asset;
INSERT INTO asset_state (asset_id, state, since, actor)
SELECT id, operating_state, created_at, 'plant files' FROM asset;
INSERT INTO asset_criticality (asset_id, criticality, since, actor)
SELECT id, criticality, created_at, 'plant files' FROM asset;
