"""Which gateways this hub lets in: `oilcan gateway add|list|remove`."""

import json
import os
import re
import signal
from contextlib import suppress
from typing import Any

import typer

from config.errors import SettingsError
from config.settings import Settings
from oilcan.engine_addresses import STATE_FILE
from oilcan.engines.gateway_logins import GatewayLogins
from oilcan.engines.nats_server import NatsEngine
from oilcan.errors import GatewayUnknown
from oilcan.settings import load

_NAME = re.compile(r"[A-Za-z0-9_-]+")


def run_add(name: str, **options: object) -> None:
    """Let a gateway in, at once, and print its login. Raises `OilcanError`."""
    if not _NAME.fullmatch(name):
        raise SettingsError(f"{name!r}: a gateway's name has letters, digits, - and _ alone")
    settings = load(Settings, **options)
    password = _logins(settings).admit(name)
    _tell(settings)
    typer.echo(f"OILCAN_EDGE={name}")
    typer.echo(f"OILCAN_HUB=tls://{name}:{password}@HOST:PORT")


def run_list(**options: object) -> None:
    """Print the gateways' names, and which are refused at present. Raises `OilcanError`."""
    settings = load(Settings, **options)
    refused = dict(_state(settings).get("refused_gateways", {}))
    for name in sorted(_logins(settings).passwords()):
        said = refused.pop(name, None)
        typer.echo(f"{name}  {said}" if said else name)
    for who, said in sorted(refused.items()):
        typer.echo(f"({who})  {said}")


def run_remove(name: str, **options: object) -> None:
    """Shut a gateway out, at once. Raises `OilcanError`."""
    settings = load(Settings, **options)
    if not _logins(settings).shut_out(name):
        raise GatewayUnknown(f"there is no gateway {name}: see `oilcan gateway list`")
    _tell(settings)
    typer.echo(f"{name} is shut out")


def _logins(settings: Settings) -> GatewayLogins:
    return GatewayLogins(settings.home.resolve())


def _tell(settings: Settings) -> None:
    """Have the log's server of a running `oilcan up` know; otherwise its next start does.

    It ends, and is started again. Told to read its file anew, it would leave open links as they are,
    and pass nothing on between accounts that were not there at its start.
    """
    home, state = settings.home.resolve(), _state(settings)
    try:
        ports, pid = state["ports"], state["children"]["nats"]["pid"]
    except KeyError:
        return
    if pid is None or "gateways" not in ports:
        return
    NatsEngine(home, port=ports["log"], mqtt_port=ports["mqtt"]).change_gateways()
    # Where it has just ended, it starts again with what is written now.
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)


def _state(settings: Settings) -> dict[str, Any]:
    """What a running `oilcan up` says of itself; nothing where none runs."""
    try:
        found = json.loads((settings.home.resolve() / STATE_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
