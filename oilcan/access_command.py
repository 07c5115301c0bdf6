"""The commands on who may come in: `oilcan key …`, `oilcan person …`."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import TypeVar

import typer

from api.access.queries import list_api_keys
from api.access.roles import Role
from api.access.service import create_api_key, create_person, revoke_api_key, set_password
from config.clock import now
from config.database import Connection, connect
from config.settings import Settings
from oilcan.engine_addresses import find_database_url
from oilcan.settings import load

ResultT = TypeVar("ResultT")


def run_create_key(name: str, *, role: Role, days: int | None, **options: object) -> None:
    """Make a key and print it. Raises `OilcanError`."""
    expires = None if days is None else now() + timedelta(days=days)
    key = _in_transaction(
        options,
        lambda connection: create_api_key(connection, name=name, role=role, expires=expires),
    )
    typer.echo(key)


def run_list_keys(**options: object) -> None:
    """Print a line for each key. Raises `OilcanError`."""
    for key in _in_transaction(options, list_api_keys):
        state = (
            f"revoked {_day(key.revoked_at)}" if key.revoked_at else f"until {_day(key.expires_at)}"
        )
        typer.echo(f"{key.prefix}  {key.role:20}  made {_day(key.created_at)}  {state}  {key.name}")


def run_revoke_key(prefix: str, **options: object) -> None:
    """End a key. Raises `OilcanError`."""
    _in_transaction(options, lambda connection: revoke_api_key(connection, prefix))
    typer.echo(f"{prefix} is worthless from now on")


def run_add_person(login: str, *, name: str, role: Role, **options: object) -> None:
    """Add a person and print the password made for them. Raises `OilcanError`."""
    password = secrets.token_urlsafe(12)
    _in_transaction(
        options,
        lambda connection: create_person(
            connection, login=login, name=name, role=role, password=password
        ),
    )
    typer.echo(f"login: {login}\npassword: {password}")


def run_set_password(login: str, **options: object) -> None:
    """Give a person a new password, print it, and end their sessions. Raises `OilcanError`."""
    password = secrets.token_urlsafe(12)
    _in_transaction(
        options, lambda connection: set_password(connection, login=login, password=password)
    )
    typer.echo(f"login: {login}\npassword: {password}")


def _in_transaction(
    options: dict[str, object], work: Callable[[Connection], Awaitable[ResultT]]
) -> ResultT:
    url = find_database_url(load(Settings, **options))

    async def run() -> ResultT:
        connection = await connect(url)
        try:
            async with connection.transaction():
                return await work(connection)
        finally:
            await connection.close()

    return asyncio.run(run())


def _day(moment: datetime | None) -> str:
    return moment.date().isoformat() if moment else "ever"
