-- Values written to devices: who asked for what and why, and what came of it. Nothing is changed later.

CREATE TABLE write_command (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- Its identity on the way to the edge, which carries it out once.
    command    uuid NOT NULL UNIQUE,
    point_id   integer NOT NULL REFERENCES point,
    -- In the point's unit as it was then.
    value      double precision NOT NULL,
    unit       text NOT NULL,
    actor      text NOT NULL,
    reason     text NOT NULL CHECK (reason <> ''),
    asked_at   timestamptz NOT NULL,
    -- The edge never begins to carry it out after this.
    expires_at timestamptz NOT NULL CHECK (expires_at > asked_at)
);
CREATE INDEX write_command_point ON write_command (point_id, id DESC);

-- A command without an outcome is under way, or its outcome was lost.
CREATE TABLE write_outcome (
    write_command_id bigint PRIMARY KEY REFERENCES write_command,
    outcome          text NOT NULL CHECK (outcome IN (
        'confirmed', 'unconfirmed', 'refused', 'unknown'
    )),
    message          text NOT NULL DEFAULT '',
    edge             text NOT NULL DEFAULT '',
    source           text NOT NULL DEFAULT '',
    -- The registers, or the coil as 0 or 1, as they went to the device; empty: nothing was sent.
    registers        integer[] NOT NULL DEFAULT '{}',
    read_back        double precision,
    at               timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'rows of % are never changed or removed', TG_TABLE_NAME;
END
$$;

CREATE TRIGGER write_command_is_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON write_command
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER write_outcome_is_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON write_outcome
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
