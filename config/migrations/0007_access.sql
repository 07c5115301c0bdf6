-- Who may do what: people with a login for the pages, keys for programs.

CREATE TABLE person (
    id            integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    login         text NOT NULL UNIQUE,
    name          text NOT NULL,
    role          text NOT NULL CHECK (role IN (
        'viewer', 'requester', 'technician', 'planner', 'reliability_engineer', 'administrator'
    )),
    password_hash text NOT NULL,
    created_at    timestamptz NOT NULL DEFAULT now(),
    disabled_at   timestamptz
);

CREATE TABLE web_session (
    token_hash bytea PRIMARY KEY,
    person_id  integer NOT NULL REFERENCES person,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL
);
CREATE INDEX web_session_person ON web_session (person_id);
CREATE INDEX web_session_expiry ON web_session (expires_at);

CREATE TABLE api_key (
    id         integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name       text NOT NULL,
    -- First characters of the key, to tell keys apart in a list; the key itself is not kept.
    prefix     text NOT NULL UNIQUE,
    key_hash   bytea NOT NULL,
    role       text NOT NULL CHECK (role IN (
        'viewer', 'requester', 'technician', 'planner', 'reliability_engineer', 'administrator'
    )),
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz,
    revoked_at timestamptz
);

-- Answers to POSTs that carried an Idempotency-Key, written by the transaction that did the work.
-- A request in flight holds an advisory lock instead of a row.
CREATE TABLE idempotency_key (
    key          text NOT NULL,
    caller       text NOT NULL,
    fingerprint  bytea NOT NULL,
    status       smallint NOT NULL,
    body         jsonb NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (caller, key)
);
CREATE INDEX idempotency_key_age ON idempotency_key (created_at);
