-- What people ask for, by whatever channel it came: one structured request, triaged once.

CREATE TABLE work_request (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    number        text GENERATED ALWAYS AS ('WR-' || lpad(id::text, greatest(6, length(id::text)), '0')) STORED UNIQUE,
    asset_id      integer REFERENCES asset,
    location_id   integer REFERENCES location,
    -- Where it is in the requester's own words, where asset and location were not known.
    place         text NOT NULL DEFAULT '',
    title         text NOT NULL CHECK (title <> ''),
    description   text NOT NULL DEFAULT '',
    -- What the requester thinks it is.
    failure_mode  text,
    urgency       text NOT NULL CHECK (urgency IN ('danger', 'stopped', 'normal', 'minor')),
    requester     text NOT NULL,
    contact       text NOT NULL DEFAULT '',
    channel       text NOT NULL CHECK (channel IN ('portal', 'api', 'email', 'csv')),
    -- What names it where it came from: the same mail or row twice is one request.
    external_id   text,
    -- SHA-256 of the secret in the link by which somebody without a login follows it.
    follow_hash   bytea UNIQUE,
    state         text NOT NULL DEFAULT 'new'
        CHECK (state IN ('new', 'accepted', 'rejected', 'duplicate', 'withdrawn')),
    version       integer NOT NULL DEFAULT 1,
    reason        text NOT NULL DEFAULT '',
    triaged_by    text,
    triaged_at    timestamptz,
    -- The order that it led to or joined; of a request that came back to be triaged, the former one.
    work_order_id bigint REFERENCES work_order,
    -- Never itself a duplicate of a request.
    duplicate_of  bigint REFERENCES work_request CHECK (duplicate_of <> id),
    -- What the requester said of the work: each later answer takes the place of the one before.
    fixed         boolean,
    answered_at   timestamptz,
    rating        smallint CHECK (rating BETWEEN 1 AND 5),
    remark        text NOT NULL DEFAULT '',
    rated_at      timestamptz,
    created_at    timestamptz NOT NULL,
    updated_at    timestamptz NOT NULL,
    UNIQUE (channel, external_id),
    CHECK (state <> 'accepted' OR work_order_id IS NOT NULL),
    CHECK (state <> 'duplicate' OR work_order_id IS NOT NULL OR duplicate_of IS NOT NULL),
    CHECK ((rating IS NULL) = (rated_at IS NULL)),
    CHECK ((fixed IS NULL) = (answered_at IS NULL))
);
CREATE INDEX work_request_state ON work_request (state, id DESC);
CREATE INDEX work_request_asset ON work_request (asset_id, id DESC);
CREATE INDEX work_request_requester ON work_request (requester, id DESC);
CREATE INDEX work_request_order ON work_request (work_order_id) WHERE work_order_id IS NOT NULL;
CREATE INDEX work_request_duplicate ON work_request (duplicate_of) WHERE duplicate_of IS NOT NULL;

-- Audit trail: one row for each change, in the transaction that made it.
CREATE TABLE work_request_change (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    work_request_id bigint NOT NULL REFERENCES work_request,
    version         integer NOT NULL,
    action          text NOT NULL,
    from_state      text,
    to_state        text NOT NULL,
    actor           text NOT NULL,
    reason          text NOT NULL DEFAULT '',
    details         jsonb NOT NULL DEFAULT '{}',
    at              timestamptz NOT NULL,
    UNIQUE (work_request_id, version)
);
CREATE TRIGGER work_request_change_is_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON work_request_change
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
