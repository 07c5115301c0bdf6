"""What commands on the database share: a connection for their work, and who is at the shell."""

import asyncio
import getpass
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from config.database import Connection, connect
from config.migrate import require_schema
from config.settings import Settings
from oilcan.engine_addresses import find_database_url
from oilcan.settings import load

ResultT = TypeVar("ResultT")


def with_database(
    options: dict[str, Any], work: Callable[[Connection], Awaitable[ResultT]]
) -> ResultT:
    """What `work` gives on a connection to the database of the options. Raises `OilcanError`."""
    url = find_database_url(load(Settings, **options))

    async def run() -> ResultT:
        async with await connect(url, autocommit=True) as connection:
            await require_schema(connection)
            return await work(connection)

    return asyncio.run(run())


def who() -> str:
    """Who the audit trail says did it: the account on this machine."""
    return f"command line: {getpass.getuser()}"
