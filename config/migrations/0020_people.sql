-- When work is done and by whom: calendars in versions, people, their skills, rates and absences.

CREATE TABLE work_calendar (
    id         integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    code       text NOT NULL UNIQUE,
    kept_in    text NOT NULL CHECK (kept_in IN ('files', 'database')),
    retired_at timestamptz
);

-- A version never changes: an edit makes the next one, which counts from its moment on.
CREATE TABLE work_calendar_version (
    calendar_id    integer NOT NULL REFERENCES work_calendar,
    version        integer NOT NULL,
    effective_from timestamptz NOT NULL,
    -- Name, time zone, shifts, holidays and exceptions, as in plant files.
    definition     jsonb NOT NULL,
    PRIMARY KEY (calendar_id, version)
);

CREATE TABLE staff (
    id             integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- Equals the login where the person has one.
    code           text NOT NULL UNIQUE,
    kind           text NOT NULL CHECK (kind IN ('person', 'vendor')),
    name           text NOT NULL,
    login          text UNIQUE,
    -- Where they work; null: at every site.
    site_id        integer REFERENCES site,
    craft          text,
    calendar_id    integer REFERENCES work_calendar,
    -- Names of the calendar's shifts that they work; none: all.
    shifts         text[] NOT NULL DEFAULT '{}',
    -- Addresses by kind: email, phone, or an Apprise address.
    contacts       jsonb NOT NULL DEFAULT '{}',
    -- A vendor takes orders within the term of its contract alone.
    contract       text,
    contract_from  date,
    contract_until date CHECK (contract_until >= contract_from),
    kept_in        text NOT NULL CHECK (kept_in IN ('files', 'database')),
    version        integer NOT NULL DEFAULT 1,
    retired_at     timestamptz
);

CREATE TABLE staff_skill (
    staff_id    integer NOT NULL REFERENCES staff,
    skill       text NOT NULL,
    -- The paper that proves it; a skill without one needs none.
    certificate text,
    valid_from  date,
    valid_until date CHECK (valid_until >= valid_from),
    PRIMARY KEY (staff_id, skill)
);

-- Cost of an hour from a day on, in minor units (cents) of the currency.
CREATE TABLE staff_rate (
    staff_id   integer NOT NULL REFERENCES staff,
    valid_from date NOT NULL,
    rate_minor bigint NOT NULL CHECK (rate_minor >= 0),
    currency   text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    PRIMARY KEY (staff_id, valid_from)
);

CREATE TABLE staff_absence (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    staff_id     integer NOT NULL REFERENCES staff,
    starts_at    timestamptz NOT NULL,
    ends_at      timestamptz NOT NULL CHECK (ends_at > starts_at),
    reason       text NOT NULL DEFAULT '',
    created_by   text NOT NULL,
    created_at   timestamptz NOT NULL,
    cancelled_at timestamptz
);
CREATE INDEX staff_absence_time ON staff_absence (staff_id, ends_at) WHERE cancelled_at IS NULL;

CREATE TABLE team (
    id         integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- Codes of people, vendors and teams are one set: an order's assignee is any of them.
    code       text NOT NULL UNIQUE,
    name       text NOT NULL,
    site_id    integer REFERENCES site,
    kept_in    text NOT NULL CHECK (kept_in IN ('files', 'database')),
    version    integer NOT NULL DEFAULT 1,
    retired_at timestamptz
);

CREATE TABLE team_member (
    team_id  integer NOT NULL REFERENCES team,
    staff_id integer NOT NULL REFERENCES staff,
    PRIMARY KEY (team_id, staff_id)
);
CREATE INDEX team_member_staff ON team_member (staff_id);
