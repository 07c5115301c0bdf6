"""The database of an acceptance test: an empty one on the server under test, or none."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg.conninfo import make_conninfo


@contextmanager
def given_database_url(name: str) -> Iterator[str]:
    """The address of an empty database `oilcan_<name>_...` that is dropped at the end.

    "" where no server is under test: then what is tested brings its own.
    """
    server_url = os.environ.get("OILCAN_TEST_DATABASE_URL", "")
    if not server_url:
        yield ""
        return
    database = f"oilcan_{name}_{os.getpid()}"
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {database}".encode())
        try:
            yield make_conninfo(server_url, dbname=database)
        finally:
            connection.execute(f"DROP DATABASE {database} WITH (FORCE)".encode())
