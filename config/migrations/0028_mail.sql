-- Requests by e-mail: which mails were read, and those that a person has to look at.

-- Each mail that was read, by its Message-ID (else the digest of its bytes): read again, it does nothing.
CREATE TABLE mail_taken (
    message_id   text PRIMARY KEY,
    -- Another mail of the same name is known by it, and not taken for this one.
    content_hash bytea NOT NULL,
    sender       text NOT NULL DEFAULT '',
    subject      text NOT NULL DEFAULT '',
    outcome      text NOT NULL CHECK (outcome IN ('request', 'comment', 'ignored')),
    -- Number of the request that it made or was added to.
    request      text,
    reason       text NOT NULL DEFAULT '',
    taken_at     timestamptz NOT NULL,
    CHECK (outcome <> 'ignored' OR request IS NULL)
);
CREATE INDEX mail_taken_sender ON mail_taken (sender, taken_at);
CREATE INDEX mail_taken_at ON mail_taken (taken_at);

-- What could not be taken, whole, until somebody has it read again or discards it.
CREATE TABLE mail_kept (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- SHA-256 of its bytes: the same mail is kept once.
    digest     bytea NOT NULL UNIQUE,
    -- Null once it is settled.
    content    bytea,
    size       bigint NOT NULL,
    -- Only its head, where it was too large to be fetched.
    is_whole   boolean NOT NULL,
    sender     text NOT NULL DEFAULT '',
    subject    text NOT NULL DEFAULT '',
    reason     text NOT NULL,
    state      text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'taken', 'discarded')),
    request    text,
    kept_at    timestamptz NOT NULL,
    settled_at timestamptz,
    settled_by text,
    CHECK ((state = 'waiting') = (settled_at IS NULL)),
    CHECK ((state = 'waiting') = (content IS NOT NULL))
);
CREATE INDEX mail_kept_waiting ON mail_kept (id DESC) WHERE state = 'waiting';
