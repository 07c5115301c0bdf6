"""What a backup asks of a database, and how one database takes another's place."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg.sql import SQL, Identifier

from config.database import SELECT_TABLE_LEVEL, Level
from config.errors import DatabaseUnavailable

Session = psycopg.Connection[tuple[object, ...]]

SELECT_TABLES = """
SELECT relname FROM pg_class
WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition
ORDER BY relname
"""

SELECT_MIGRATIONS = "SELECT number, checksum FROM schema_migration ORDER BY number"

SELECT_HAS_FILES = "SELECT to_regclass('attachment') IS NOT NULL"

SELECT_LINKED_FILES = """
SELECT DISTINCT sha256 FROM attachment WHERE removed_at IS NULL ORDER BY sha256
"""

SELECT_OTHERS = """
SELECT DISTINCT coalesce(nullif(application_name, ''), 'process ' || pid)
FROM pg_stat_activity
WHERE datname = %s AND pid <> pg_backend_pid() AND backend_type = 'client backend'
"""

SELECT_LICENCE = "SELECT current_setting('timescaledb.license', true)"

SELECT_EXTENSION = "SELECT extversion FROM pg_extension WHERE extname = 'timescaledb'"


@contextmanager
def session(url: str) -> Iterator[Session]:
    """A connection in autocommit mode. Raises `DatabaseUnavailable`."""
    try:
        with psycopg.connect(
            url, autocommit=True, connect_timeout=5, options="-c timezone=UTC"
        ) as opened:
            yield opened
    except psycopg.OperationalError as error:
        raise DatabaseUnavailable(f"the database cannot be reached: {error}") from error


def tables(connection: Session) -> list[str]:
    """Names of our tables, in order; those of TimescaleDB itself stand in schemas of its own."""
    return [str(name) for (name,) in connection.execute(SELECT_TABLES)]


def count_rows(connection: Session) -> dict[str, int]:
    """Rows of each table."""
    counts = {}
    for table in tables(connection):
        row = connection.execute(
            SQL("SELECT count(*) FROM {}").format(Identifier(table))
        ).fetchone()
        counts[table] = int(str(row[0])) if row else 0
    return counts


def migrations(connection: Session) -> dict[int, str]:
    """Number and checksum of each migration that is applied."""
    return {
        int(str(number)): str(checksum)
        for number, checksum in connection.execute(SELECT_MIGRATIONS)
    }


def linked_files(connection: Session) -> list[str]:
    """Digests of the documents and photos of anything; none of a database from before them."""
    row = connection.execute(SELECT_HAS_FILES).fetchone()
    if not row or not row[0]:
        return []
    return [str(digest) for (digest,) in connection.execute(SELECT_LINKED_FILES)]


def timescale_version(connection: Session) -> str | None:
    """Version of TimescaleDB in this database; None where it is plain PostgreSQL."""
    row = connection.execute(SELECT_EXTENSION).fetchone()
    return str(row[0]) if row else None


def table_level(connection: Session) -> Level | None:
    """The level that the tables are of; None where there are none."""
    row = connection.execute(SELECT_TABLE_LEVEL).fetchone()
    return Level(int(str(row[0]))) if row else None


def has_columnstore(connection: Session) -> bool:
    """Is TimescaleDB here of its Community edition? Known once the extension is made."""
    row = connection.execute(SELECT_LICENCE).fetchone()
    return row is not None and row[0] == "timescale"


def others(connection: Session, database: str) -> list[str]:
    """Who else is connected to a database."""
    return sorted(str(name) for (name,) in connection.execute(SELECT_OTHERS, [database]))


def exists(connection: Session, database: str) -> bool:
    """Is there a database of this name?"""
    row = connection.execute("SELECT FROM pg_database WHERE datname = %s", [database]).fetchone()
    return row is not None


def make(connection: Session, database: str) -> None:
    """Make an empty database, in place of one that an earlier attempt left behind."""
    drop(connection, database)
    connection.execute(SQL("CREATE DATABASE {} TEMPLATE template0").format(Identifier(database)))


def drop(connection: Session, database: str) -> None:
    """Drop a database, if it is there."""
    connection.execute(SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(Identifier(database)))


def swap(connection: Session, *, name: str, fresh: str, old: str) -> None:
    """Call `fresh` what `name` is called, and what was called so `old`, both in one step.

    Fails where somebody has just connected to either.
    """
    with connection.transaction():
        for before, after in ((name, old), (fresh, name)):
            if exists(connection, before):
                connection.execute(
                    SQL("ALTER DATABASE {} RENAME TO {}").format(
                        Identifier(before), Identifier(after)
                    )
                )
