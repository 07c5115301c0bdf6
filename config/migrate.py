"""Bring a database's schema up to date.

Migrations are SQL files `NNNN_name.sql`, numbered, append-only, each applied in one transaction.
A migration that differs by database level has a file for each: `NNNN_name.level1.sql` and so on;
the one for the highest level that the database reaches is taken.
"""

import hashlib
import re
from dataclasses import dataclass
from importlib.resources import files

import psycopg

from config.database import Connection, Level, connect, fetch_one, find_level, offered_level
from config.errors import DatabaseOutdated, MigrationError

_NAME = re.compile(r"^(?P<number>\d{4})_(?P<name>[a-z_]+)(?:\.level(?P<level>[123]))?\.sql$")
_LOCK_KEY = 0x6F696C63616E  # "oilcan": one migrator at a time
_LOCK_TIMEOUT = "10s"


@dataclass(frozen=True, slots=True)
class Migration:
    """One numbered step of the schema."""

    number: int
    name: str
    level: Level
    sql: str

    @property
    def checksum(self) -> str:
        return hashlib.sha256(self.sql.encode()).hexdigest()


def load_migrations(level: Level) -> list[Migration]:
    """Every migration for a database of this level, in order."""
    best: dict[int, Migration] = {}
    for file in files("config").joinpath("migrations").iterdir():
        if (match := _NAME.match(file.name)) is None:
            continue
        needs = Level(int(match["level"] or 1))
        number = int(match["number"])
        known = best.get(number)
        if needs <= level and (known is None or needs > known.level):
            best[number] = Migration(number, match["name"], needs, file.read_text("utf-8"))
    return [best[number] for number in sorted(best)]


async def migrate(url: str, *, highest: Level = Level.COLUMNSTORE) -> list[Migration]:
    """Apply what is missing and return it; nothing is left half-applied.

    A new database gets the level that the server offers, at most `highest`. Raises `DatabaseUnavailable`, or `MigrationError` where a step fails or one already applied
    differs from the file.
    """
    connection = await connect(url, autocommit=True)
    try:
        await connection.execute("SELECT pg_advisory_lock(%s)", [_LOCK_KEY])
        await connection.execute(_LEDGER)
        level = await _level_to_be(connection, highest)
        applied = await _applied(connection)
        migrations = load_migrations(level)
        for migration in migrations:
            _refuse_changed(migration, applied.get(migration.number))
        missing = [item for item in migrations if item.number not in applied]
        for migration in missing:
            await _apply(connection, migration)
        return missing
    finally:
        await connection.close()


async def require_schema(connection: Connection) -> None:
    """Raise `DatabaseOutdated` unless every migration of this program is applied."""
    row = await fetch_one(connection, "SELECT to_regclass('schema_migration') IS NOT NULL")
    applied = await _applied(connection) if row and row[0] else {}
    level = await find_level(connection)
    missing = [item for item in load_migrations(level) if item.number not in applied]
    if missing:
        raise DatabaseOutdated(
            f"the database lacks migration {missing[0].number:04}_{missing[0].name}: "
            "run `oilcan migrate`"
        )


async def restate_level(connection: Connection, level: Level) -> None:
    """Say in the ledger that the tables are those that the migrations of a level make."""
    for item in load_migrations(level):
        await connection.execute(
            "UPDATE schema_migration SET name = %s, level = %s, checksum = %s WHERE number = %s",
            [item.name, item.level, item.checksum, item.number],
        )


async def lock_schema(connection: Connection) -> None:
    """Be the only one who changes the schema until the connection ends. Raises `MigrationError`."""
    row = await fetch_one(connection, "SELECT pg_try_advisory_lock(%s)", [_LOCK_KEY])
    if row is None or not row[0]:
        raise MigrationError("another session is changing the schema: wait until it has ended")


_LEDGER = """
CREATE TABLE IF NOT EXISTS schema_migration (
    number     integer PRIMARY KEY,
    name       text NOT NULL,
    level      smallint NOT NULL,
    checksum   text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
)
"""


async def _level_to_be(connection: Connection, highest: Level) -> Level:
    """The level of the tables that are there, or the one that they are going to have."""
    made = await fetch_one(connection, "SELECT to_regclass('reading') IS NOT NULL")
    if made and made[0]:
        return await find_level(connection)
    if highest > Level.PARTITIONS and await offered_level(connection) > Level.PARTITIONS:
        await make_extension(connection)
    return min(highest, await offered_level(connection))


async def make_extension(connection: Connection) -> None:
    """Have the extension TimescaleDB in the database. Raises `MigrationError`."""
    try:
        await connection.execute("CREATE EXTENSION IF NOT EXISTS timescaledb")
    except psycopg.Error as error:
        raise MigrationError(f"the extension timescaledb cannot be made: {error}") from error


async def _applied(connection: Connection) -> dict[int, str]:
    cursor = await connection.execute("SELECT number, checksum FROM schema_migration")
    return dict(await cursor.fetchall())


def _refuse_changed(migration: Migration, checksum: str | None) -> None:
    if checksum is not None and checksum != migration.checksum:
        raise MigrationError(
            f"migration {migration.number:04}_{migration.name} was applied in another form: "
            "the program and the database are not of one line; restore the matching one"
        )


async def _apply(connection: Connection, migration: Migration) -> None:
    try:
        async with connection.transaction():
            await connection.execute("SELECT set_config('lock_timeout', %s, true)", [_LOCK_TIMEOUT])
            await connection.execute(migration.sql.encode())
            await connection.execute(
                "INSERT INTO schema_migration (number, name, level, checksum)"
                " VALUES (%s, %s, %s, %s)",
                [migration.number, migration.name, migration.level, migration.checksum],
            )
    except psycopg.Error as error:
        raise MigrationError(
            f"migration {migration.number:04}_{migration.name} failed: {error}"
        ) from error
