"""Commands on people, teams and vendors: one function, one transaction."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from config.clock import ClockUs, from_us, now_us
from config.database import Connection
from config.difference import Difference
from maintenance.calendars import kept
from maintenance.calendars.kept import Kept
from maintenance.calendars.queries import list_calendars
from maintenance.errors import CodeTaken, NotFound
from maintenance.people import queries, store
from maintenance.people.staff import Absence, Staff, Team
from maintenance.register.queries import list_sites


async def apply_staff(
    connection: Connection, wanted: Sequence[Staff], *, clock: ClockUs = now_us
) -> Difference[Staff]:
    """Bring the people and vendors that files keep in line with them.

    Raises `CodeTaken` where a team that was made over the API has a code of theirs.
    """
    for staff in wanted:
        await _refuse_taken(connection, staff.code, "team")
    by_code = {staff.code: staff for staff in wanted}
    return await kept.apply_files(connection, _STAFF, by_code, at=from_us(clock()))


async def save_staff(
    connection: Connection,
    staff: Staff,
    *,
    expected_version: int | None = None,
    clock: ClockUs = now_us,
) -> None:
    """Make or change a person or vendor.

    Raises `NotFound` for a site or calendar that is not there, `CodeTaken`, `KeptInFiles`,
    `StaleVersion`.
    """
    async with connection.transaction():
        await _refuse_taken(connection, staff.code, "team")
        await _refuse_unknown_site(connection, staff.site)
        await _refuse_unknown_calendar(connection, staff.calendar)
        await kept.save(
            connection,
            _STAFF,
            staff.code,
            staff,
            expected_version=expected_version,
            at=from_us(clock()),
        )


async def retire_staff(connection: Connection, code: str, *, clock: ClockUs = now_us) -> None:
    """Let somebody no longer be given work. Raises `NotFound`, `KeptInFiles`."""
    await kept.retire(connection, _STAFF, code, at=from_us(clock()))


async def apply_teams(
    connection: Connection, wanted: Sequence[Team], *, clock: ClockUs = now_us
) -> Difference[Team]:
    """Bring the teams that files keep in line with them. Raises `CodeTaken`."""
    for team in wanted:
        await _refuse_taken(connection, team.code, "person", "vendor")
    by_code = {team.code: _in_order(team) for team in wanted}
    return await kept.apply_files(connection, _TEAMS, by_code, at=from_us(clock()))


async def save_team(
    connection: Connection,
    team: Team,
    *,
    expected_version: int | None = None,
    clock: ClockUs = now_us,
) -> None:
    """Make or change a team.

    Raises `NotFound` for a member or site that is not there, `CodeTaken`, `KeptInFiles`,
    `StaleVersion`.
    """
    async with connection.transaction():
        await _refuse_taken(connection, team.code, "person", "vendor")
        await _refuse_unknown_site(connection, team.site)
        known = {staff.code for staff in await queries.find_staff(connection, codes=team.members)}
        for member in team.members:
            if member not in known:
                raise NotFound("person", member)
        await kept.save(
            connection,
            _TEAMS,
            team.code,
            _in_order(team),
            expected_version=expected_version,
            at=from_us(clock()),
        )


async def retire_team(connection: Connection, code: str, *, clock: ClockUs = now_us) -> None:
    """Let a team no longer be given work. Raises `NotFound`, `KeptInFiles`."""
    await kept.retire(connection, _TEAMS, code, at=from_us(clock()))


async def add_absence(
    connection: Connection,
    code: str,
    span: tuple[datetime, datetime],
    *,
    reason: str,
    actor: str,
    clock: ClockUs = now_us,
) -> Absence:
    """Say that somebody is not there from one moment up to another. Raises `NotFound`."""
    absence = Absence(0, code, span[0], span[1], reason)
    async with connection.transaction():
        made = await store.insert_absence(connection, absence, actor=actor, at=from_us(clock()))
    if made is None:
        raise NotFound("person", code)
    return replace(absence, id=made)


async def cancel_absence(
    connection: Connection, code: str, absence_id: int, *, clock: ClockUs = now_us
) -> None:
    """Say that somebody is there after all. Raises `NotFound`."""
    async with connection.transaction():
        if not await store.cancel_absence(connection, code, absence_id, at=from_us(clock())):
            raise NotFound("absence", str(absence_id))


async def _held_staff(connection: Connection) -> dict[str, Kept[Staff]]:
    await store.hold_people(connection)
    return await queries.stored_staff(connection)


async def _held_teams(connection: Connection) -> dict[str, Kept[Team]]:
    await store.hold_people(connection)
    return await queries.stored_teams(connection)


_STAFF = kept.Shelf("person", _held_staff, store.write_staff, store.retire_staff)
_TEAMS = kept.Shelf("team", _held_teams, store.write_team, store.retire_teams)


def _in_order(team: Team) -> Team:
    return replace(team, members=tuple(sorted(set(team.members))))


async def _refuse_taken(connection: Connection, code: str, *kinds: str) -> None:
    holder = await queries.holder_of_code(connection, code)
    if holder in kinds:
        raise CodeTaken(code, holder)


async def _refuse_unknown_site(connection: Connection, code: str | None) -> None:
    if code is not None and code not in {site.code for site in await list_sites(connection)}:
        raise NotFound("site", code)


async def _refuse_unknown_calendar(connection: Connection, code: str | None) -> None:
    known = {each.calendar.code for each in await list_calendars(connection)}
    if code is not None and code not in known:
        raise NotFound("calendar", code)
