"""Many parts from a CSV file: all of them or none, and first a look at what would happen."""

from dataclasses import dataclass

from config.database import Connection
from maintenance.errors import KeptInFiles, NotFound
from maintenance.materials import definition_store
from maintenance.materials.definitions import in_order, put_part
from maintenance.materials.ledger import Said
from maintenance.materials.part_csv import Row, read_parts


@dataclass(frozen=True, slots=True)
class ImportedPart:
    """What becomes of a part of the file: added, changed, unchanged, or refused and why."""

    line: int
    code: str
    outcome: str
    problem: str = ""


async def import_parts(
    connection: Connection, text: str, *, dry_run: bool, said: Said
) -> list[ImportedPart]:
    """Make or change the parts of a CSV file; nothing is written where one is refused, or in a dry run."""
    async with connection.transaction() as whole:
        outcomes = [await _take(connection, row, said) for row in read_parts(text)]
        if dry_run or any(one.problem for one in outcomes):
            whole.force_rollback = True
    return outcomes


async def _take(connection: Connection, row: Row, said: Said) -> ImportedPart:
    if row.part is None:
        return ImportedPart(row.line, row.code, "refused", row.problem)
    stored = (await definition_store.stored_parts(connection, [row.code])).get(row.code)
    if stored is not None and not stored[0].retired and stored[0].definition == in_order(row.part):
        return ImportedPart(row.line, row.code, "unchanged")
    held = await definition_store.hold_part(connection, row.code)
    version = held[1] if held and not held[2] else None
    try:
        await put_part(connection, row.part, expected_version=version, said=said)
    except (KeptInFiles, NotFound) as error:
        return ImportedPart(row.line, row.code, "refused", str(error))
    return ImportedPart(row.line, row.code, "added" if version is None else "changed")
