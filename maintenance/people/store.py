"""SQL writes of people, teams and vendors; transactions are the service's."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, LiteralString

from psycopg.types.json import Jsonb

from config.database import Connection, fetch_one
from maintenance.calendars.kept import KeptIn
from maintenance.people.staff import Absence, Staff, Team

# People and teams are few, and change seldom: whoever changes them takes turns.
HOLD_PEOPLE: Final[LiteralString] = "LOCK TABLE staff, team IN SHARE ROW EXCLUSIVE MODE"

UPSERT_STAFF: Final[LiteralString] = """
INSERT INTO staff (code, kind, name, login, site_id, craft, calendar_id, shifts, contacts,
                   contract, contract_from, contract_until, kept_in)
VALUES (
    %(code)s, %(kind)s, %(name)s, %(login)s, (SELECT id FROM site WHERE code = %(site)s),
    %(craft)s, (SELECT id FROM work_calendar WHERE code = %(calendar)s), %(shifts)s, %(contacts)s,
    %(contract)s, %(contract_from)s, %(contract_until)s, %(kept_in)s
)
ON CONFLICT (code) DO UPDATE SET
    kind = excluded.kind, name = excluded.name, login = excluded.login,
    site_id = excluded.site_id, craft = excluded.craft, calendar_id = excluded.calendar_id,
    shifts = excluded.shifts, contacts = excluded.contacts, contract = excluded.contract,
    contract_from = excluded.contract_from, contract_until = excluded.contract_until,
    kept_in = excluded.kept_in, version = staff.version + 1, retired_at = NULL
RETURNING id
"""

CLEAR_SKILLS: Final[LiteralString] = "DELETE FROM staff_skill WHERE staff_id = %(id)s"

INSERT_SKILL: Final[LiteralString] = """
INSERT INTO staff_skill (staff_id, skill, certificate, valid_from, valid_until)
VALUES (%(id)s, %(name)s, %(certificate)s, %(valid_from)s, %(valid_until)s)
"""

CLEAR_RATES: Final[LiteralString] = "DELETE FROM staff_rate WHERE staff_id = %(id)s"

INSERT_RATE: Final[LiteralString] = """
INSERT INTO staff_rate (staff_id, valid_from, rate_minor, currency)
VALUES (%(id)s, %(valid_from)s, %(rate_minor)s, %(currency)s)
"""

RETIRE_STAFF: Final[LiteralString] = """
UPDATE staff SET retired_at = %(at)s, version = version + 1
WHERE code = ANY (%(codes)s) AND retired_at IS NULL
"""

UPSERT_TEAM: Final[LiteralString] = """
INSERT INTO team (code, name, site_id, kept_in)
VALUES (%(code)s, %(name)s, (SELECT id FROM site WHERE code = %(site)s), %(kept_in)s)
ON CONFLICT (code) DO UPDATE SET
    name = excluded.name, site_id = excluded.site_id, kept_in = excluded.kept_in,
    version = team.version + 1, retired_at = NULL
RETURNING id
"""

CLEAR_MEMBERS: Final[LiteralString] = "DELETE FROM team_member WHERE team_id = %(id)s"

INSERT_MEMBERS: Final[LiteralString] = """
INSERT INTO team_member (team_id, staff_id)
SELECT %(id)s, staff.id FROM staff WHERE staff.code = ANY (%(members)s)
"""

RETIRE_TEAMS: Final[LiteralString] = """
UPDATE team SET retired_at = %(at)s, version = version + 1
WHERE code = ANY (%(codes)s) AND retired_at IS NULL
"""

INSERT_ABSENCE: Final[LiteralString] = """
INSERT INTO staff_absence (staff_id, starts_at, ends_at, reason, created_by, created_at)
SELECT id, %(starts_at)s, %(ends_at)s, %(reason)s, %(actor)s, %(at)s
FROM staff WHERE code = %(staff)s
RETURNING id
"""

CANCEL_ABSENCE: Final[LiteralString] = """
UPDATE staff_absence absence SET cancelled_at = %(at)s
FROM staff
WHERE staff.id = absence.staff_id AND staff.code = %(staff)s AND absence.id = %(id)s
  AND absence.cancelled_at IS NULL
RETURNING absence.id
"""


async def hold_people(connection: Connection) -> None:
    """Nobody else changes people or teams in this transaction."""
    await connection.execute(HOLD_PEOPLE)


async def write_staff(connection: Connection, staff: Staff, kept_in: KeptIn, _at: datetime) -> None:
    """Make, change or revive a person or vendor; site and calendar are there."""
    row = await fetch_one(connection, UPSERT_STAFF, _columns(staff, kept_in))
    assert row is not None, "an upsert gives a row"  # noqa: S101 - it says so itself
    await connection.execute(CLEAR_SKILLS, {"id": row[0]})
    await connection.execute(CLEAR_RATES, {"id": row[0]})
    for skill in staff.skills:
        given = {"id": row[0], "name": skill.name, "certificate": skill.certificate}
        term = {"valid_from": skill.valid_from, "valid_until": skill.valid_until}
        await connection.execute(INSERT_SKILL, given | term)
    for rate in staff.rates:
        given = {"id": row[0], "valid_from": rate.valid_from, "rate_minor": rate.rate_minor}
        await connection.execute(INSERT_RATE, {**given, "currency": rate.currency})


async def retire_staff(connection: Connection, codes: Sequence[str], at: datetime) -> None:
    """Let people or vendors no longer be given work."""
    await connection.execute(RETIRE_STAFF, {"codes": list(codes), "at": at})


async def write_team(connection: Connection, team: Team, kept_in: KeptIn, _at: datetime) -> None:
    """Make, change or revive a team; its members are there."""
    given = {"code": team.code, "name": team.name, "site": team.site, "kept_in": kept_in.value}
    row = await fetch_one(connection, UPSERT_TEAM, given)
    assert row is not None, "an upsert gives a row"  # noqa: S101 - it says so itself
    await connection.execute(CLEAR_MEMBERS, {"id": row[0]})
    await connection.execute(INSERT_MEMBERS, {"id": row[0], "members": list(team.members)})


async def retire_teams(connection: Connection, codes: Sequence[str], at: datetime) -> None:
    """Let teams no longer be given work."""
    await connection.execute(RETIRE_TEAMS, {"codes": list(codes), "at": at})


async def insert_absence(
    connection: Connection, absence: Absence, *, actor: str, at: datetime
) -> int | None:
    """Id of a new absence (the one given does not count); None: there is no such person."""
    given = {
        "staff": absence.staff,
        "starts_at": absence.starts_at,
        "ends_at": absence.ends_at,
        "reason": absence.reason,
        "actor": actor,
        "at": at,
    }
    row = await fetch_one(connection, INSERT_ABSENCE, given)
    return int(row[0]) if row else None


async def cancel_absence(
    connection: Connection, staff: str, absence_id: int, *, at: datetime
) -> bool:
    """Take an absence back; False: there is none to take back."""
    given = {"staff": staff, "id": absence_id, "at": at}
    return await fetch_one(connection, CANCEL_ABSENCE, given) is not None


def _columns(staff: Staff, kept_in: KeptIn) -> dict[str, Any]:
    contract = staff.contract
    return {
        "code": staff.code,
        "kind": staff.kind.value,
        "name": staff.name,
        "login": staff.login,
        "site": staff.site,
        "craft": staff.craft,
        "calendar": staff.calendar,
        "shifts": list(staff.shifts),
        "contacts": Jsonb(dict(staff.contacts)),
        "contract": contract.reference if contract else None,
        "contract_from": contract.valid_from if contract else None,
        "contract_until": contract.valid_until if contract else None,
        "kept_in": kept_in.value,
    }
