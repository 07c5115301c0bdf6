"""The register out to a table and in again: one function, one transaction, all of it or nothing."""

from dataclasses import dataclass
from enum import StrEnum

from config.database import Connection
from config.difference import Change, compare
from maintenance.errors import ImportRefused
from maintenance.register import asset_store, history_store, queries, store
from maintenance.register.asset import By
from maintenance.register.definition_check import Known
from maintenance.register.history_store import Made
from maintenance.register.table import read_assets, read_table, write_table


class ImportMode(StrEnum):
    """Whether what was imported stays."""

    COMMIT = "commit"
    DRY_RUN = "dry run"


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import did, or would do."""

    changes: tuple[Change, ...]
    unchanged: int


async def export_assets(connection: Connection) -> str:
    """Every asset in use as CSV."""
    stored = await asset_store.stored_assets(connection)
    return write_table(each.definition for each in stored.values() if not each.retired)


async def import_assets(
    connection: Connection, text: str, *, by: By, mode: ImportMode = ImportMode.COMMIT
) -> Imported:
    """Make and change assets as a table says; those that it lacks stay as they are.

    Raises `ImportRefused` with every wrong row: then nothing of it was taken.
    """
    async with connection.transaction(force_rollback=mode is ImportMode.DRY_RUN):
        await asset_store.lock_tree(connection)
        stored = await asset_store.stored_assets(connection)
        table, problems = read_table(text)
        if problems:
            raise ImportRefused([str(problem) for problem in problems])
        reading = read_assets(table, stored, await _known(connection, stored))
        if reading.problems:
            raise ImportRefused([str(problem) for problem in reading.problems])
        present = {tag: each for tag, each in stored.items() if tag in reading.assets}
        difference = compare("asset", reading.assets, present)
        if difference.write:
            tags = [asset.tag for asset in difference.write]
            await history_store.begin_history(connection, tags, by.at)
            await asset_store.write_assets(connection, difference.write, actor=by.actor, at=by.at)
            await history_store.keep_history(connection, tags, by)
            made = [Made(each.key, each.kind, each.fields) for each in difference.changes]
            await history_store.record(connection, made, by)
            await store.notify_register(connection)
    return Imported(difference.changes, difference.unchanged)


async def _known(connection: Connection, stored: dict[str, asset_store.StoredAsset]) -> Known:
    return Known(
        sites={site.code for site in await queries.list_sites(connection)},
        locations={(each.site, each.code) for each in await queries.list_locations(connection)},
        classes={each.code: each for each in await queries.list_asset_classes(connection)},
        tags={tag for tag, each in stored.items() if not each.retired},
    )
