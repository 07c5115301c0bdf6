"""Reads of people, teams and vendors."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from types import MappingProxyType
from typing import Any, Final, LiteralString

from config.database import Connection, fetch_dicts
from maintenance.calendars.kept import Kept, KeptIn
from maintenance.errors import NotFound
from maintenance.people.staff import (
    Absence,
    Contract,
    Rate,
    Skill,
    Staff,
    StaffKind,
    Team,
    rate_on,
)

Row = Mapping[str, Any]

STAFF: Final[LiteralString] = """
SELECT staff.code, staff.name, staff.kind, staff.login, site.code AS site, staff.craft,
       calendar.code AS calendar, staff.shifts, staff.contacts, staff.contract,
       staff.contract_from, staff.contract_until, staff.kept_in, staff.version,
       staff.retired_at IS NOT NULL AS retired,
       coalesce((
           SELECT jsonb_agg(jsonb_build_array(skill, certificate, valid_from, valid_until)
                            ORDER BY skill)
           FROM staff_skill WHERE staff_id = staff.id
       ), '[]') AS skills,
       coalesce((
           SELECT jsonb_agg(jsonb_build_array(valid_from, rate_minor, currency) ORDER BY valid_from)
           FROM staff_rate WHERE staff_id = staff.id
       ), '[]') AS rates
FROM staff
LEFT JOIN site ON site.id = staff.site_id
LEFT JOIN work_calendar calendar ON calendar.id = staff.calendar_id
"""

FIND_STAFF: Final[LiteralString] = (
    STAFF
    + """
WHERE staff.retired_at IS NULL
  AND (%(codes)s::text[] IS NULL OR staff.code = ANY (%(codes)s))
  AND (%(craft)s::text IS NULL OR staff.craft = %(craft)s)
  AND (%(site)s::text IS NULL OR site.code IS NULL OR site.code = %(site)s)
ORDER BY staff.code
"""
)

ONE_STAFF: Final[LiteralString] = STAFF + " WHERE staff.code = %(code)s"

STAFF_OF_LOGIN: Final[LiteralString] = (
    STAFF + " WHERE staff.retired_at IS NULL AND coalesce(staff.login, staff.code) = %(login)s"
)

TEAMS: Final[LiteralString] = """
SELECT team.code, team.name, site.code AS site, team.kept_in, team.version,
       team.retired_at IS NOT NULL AS retired,
       coalesce((
           SELECT array_agg(staff.code ORDER BY staff.code)
           FROM team_member JOIN staff ON staff.id = staff_id
           WHERE team_id = team.id AND staff.retired_at IS NULL
       ), '{}') AS members
FROM team LEFT JOIN site ON site.id = team.site_id
"""

LIVE_TEAMS: Final[LiteralString] = TEAMS + " WHERE team.retired_at IS NULL ORDER BY team.code"

ABSENCES: Final[LiteralString] = """
SELECT absence.id, staff.code, absence.starts_at, absence.ends_at, absence.reason
FROM staff_absence absence JOIN staff ON staff.id = absence.staff_id
WHERE absence.cancelled_at IS NULL
  AND (%(codes)s::text[] IS NULL OR staff.code = ANY (%(codes)s))
  AND absence.ends_at > %(start)s
  AND (%(end)s::timestamptz IS NULL OR absence.starts_at < %(end)s)
ORDER BY absence.starts_at, absence.id
"""

HOLDER_OF_CODE: Final[LiteralString] = """
SELECT kind FROM staff WHERE code = %(code)s
UNION ALL SELECT 'team' FROM team WHERE code = %(code)s
"""

# A plant that keeps no people gives work to whomever it names.
TAKES_WORK: Final[LiteralString] = """
SELECT EXISTS (SELECT FROM staff WHERE code = %(code)s AND retired_at IS NULL)
    OR EXISTS (SELECT FROM team WHERE code = %(code)s AND retired_at IS NULL)
    OR NOT EXISTS (SELECT FROM staff WHERE retired_at IS NULL)
"""

WORDS_OF_HOLDERS: Final[LiteralString] = """
SELECT code, ARRAY[code, name, coalesce(login, code)] FROM staff WHERE retired_at IS NULL
UNION ALL SELECT code, ARRAY[code, name] FROM team WHERE retired_at IS NULL
"""


@dataclass(frozen=True, slots=True)
class StaffEntry:
    """A person or vendor, where they are kept, and the version that an ETag tells."""

    staff: Staff
    kept_in: KeptIn
    version: int
    retired: bool


async def find_staff(
    connection: Connection,
    *,
    codes: Sequence[str] | None = None,
    craft: str | None = None,
    site: str | None = None,
) -> list[Staff]:
    """People and vendors that work, by code; each filter may be left out.

    Who has no site works at every one.
    """
    entries = await staff_entries(connection, codes=codes, craft=craft, site=site)
    return [entry.staff for entry in entries]


async def staff_entries(
    connection: Connection,
    *,
    codes: Sequence[str] | None = None,
    craft: str | None = None,
    site: str | None = None,
) -> list[StaffEntry]:
    """The same with where they are kept."""
    given = {"codes": None if codes is None else list(codes), "craft": craft, "site": site}
    return [_entry(row) for row in await fetch_dicts(connection, FIND_STAFF, given)]


async def get_staff(connection: Connection, code: str) -> Staff:
    """The person or vendor of a code, a retired one too. Raises `NotFound`."""
    return (await staff_entry(connection, code)).staff


async def staff_entry(connection: Connection, code: str) -> StaffEntry:
    """The same with where it is kept. Raises `NotFound`."""
    rows = await fetch_dicts(connection, ONE_STAFF, {"code": code})
    if not rows:
        raise NotFound("person", code)
    return _entry(rows[0])


async def staff_of_login(connection: Connection, login: str) -> Staff | None:
    """Who signs in with a login: by their login, else by a code that equals it."""
    rows = await fetch_dicts(connection, STAFF_OF_LOGIN, {"login": login})
    return _staff(rows[0]) if rows else None


async def rate_of(connection: Connection, code: str, day: date) -> Rate | None:
    """What an hour of somebody costs on a day; None: not known, or nobody has that code."""
    rows = await fetch_dicts(connection, ONE_STAFF, {"code": code})
    return rate_on(_staff(rows[0]).rates, day) if rows else None


async def list_teams(connection: Connection) -> list[Team]:
    """Every team, by code, with those of its members who work."""
    return [_team(row) for row in await fetch_dicts(connection, LIVE_TEAMS, {})]


async def stored_teams(connection: Connection) -> dict[str, Kept[Team]]:
    """Every team by code, the retired ones too."""
    return {
        row["code"]: Kept(_team(row), KeptIn(row["kept_in"]), row["retired"], row["version"])
        for row in await fetch_dicts(connection, TEAMS, {})
    }


async def stored_staff(connection: Connection) -> dict[str, Kept[Staff]]:
    """Every person and vendor by code, the retired ones too."""
    return {
        row["code"]: Kept(_staff(row), KeptIn(row["kept_in"]), row["retired"], row["version"])
        for row in await fetch_dicts(connection, STAFF, {})
    }


async def absences(
    connection: Connection,
    *,
    start: datetime,
    end: datetime | None = None,
    codes: Sequence[str] | None = None,
) -> dict[str, list[Absence]]:
    """Code -> absences that reach into [start, end), in order of their start."""
    given = {"codes": None if codes is None else list(codes), "start": start, "end": end}
    cursor = await connection.execute(ABSENCES, given)
    found: dict[str, list[Absence]] = {}
    for absence_id, code, *rest in await cursor.fetchall():
        found.setdefault(code, []).append(Absence(absence_id, code, *rest))
    return found


async def holder_of_code(connection: Connection, code: str) -> str | None:
    """What has a code: `person`, `vendor` or `team`; None: nobody."""
    cursor = await connection.execute(HOLDER_OF_CODE, {"code": code})
    row = await cursor.fetchone()
    return str(row[0]) if row else None


def _entry(row: Row) -> StaffEntry:
    return StaffEntry(_staff(row), KeptIn(row["kept_in"]), row["version"], row["retired"])


async def takes_work(connection: Connection, code: str) -> bool:
    """Has a person, team or vendor that works the code? Yes for all where nobody is kept."""
    cursor = await connection.execute(TAKES_WORK, {"code": code})
    row = await cursor.fetchone()
    return bool(row and row[0])


async def words_of_holders(connection: Connection) -> list[tuple[str, list[str]]]:
    """The code of each person, team and vendor that works, and what else people call them."""
    cursor = await connection.execute(WORDS_OF_HOLDERS)
    return [(row[0], row[1]) for row in await cursor.fetchall()]


def _staff(row: Row) -> Staff:
    reference = row["contract"]
    return Staff(
        code=row["code"],
        name=row["name"],
        kind=StaffKind(row["kind"]),
        login=row["login"],
        site=row["site"],
        craft=row["craft"],
        calendar=row["calendar"],
        shifts=tuple(row["shifts"]),
        skills=tuple(
            Skill(name, certificate, _day(first), _day(last))
            for name, certificate, first, last in row["skills"]
        ),
        rates=tuple(
            Rate(date.fromisoformat(day), minor, currency) for day, minor, currency in row["rates"]
        ),
        contacts=MappingProxyType(row["contacts"]),
        contract=(
            Contract(reference, row["contract_from"], row["contract_until"])
            if reference is not None
            else None
        ),
    )


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _team(row: Row) -> Team:
    return Team(row["code"], row["name"], row["site"], tuple(row["members"]))
