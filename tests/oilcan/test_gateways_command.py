"""A gateway is let in and shut out while the hub runs, and speaks for itself alone."""

import asyncio
import json
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from config.errors import SettingsError
from oilcan.engines.gateway_logins import GatewayLogins
from oilcan.engines.nats_configuration import GatewayListener, HubAddress
from oilcan.engines.nats_server import NatsEngine
from oilcan.engines.process import free_port, start
from oilcan.errors import GatewayUnknown
from oilcan.gateways_command import run_add, run_list, run_remove
from oilcan.home import write_state
from tests.edge.gateway_line import (
    WITHIN_S,
    Line,
    Server,
    forwarding,
    keep,
    logged,
    numbers,
    stream,
    told,
    until,
)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "hub"


@pytest.fixture
def hub(home: Path) -> Iterator[Server]:
    listener = GatewayListener("127.0.0.1", free_port())
    made = Server(NatsEngine(home, port=free_port(), mqtt_port=None, gateways=listener))
    yield made
    made.kill()


def say_what_runs(hub: Server) -> None:
    """As `oilcan up` does."""
    assert hub.process is not None
    assert hub.engine.gateways is not None
    ports = {"log": hub.engine.port, "mqtt": None, "gateways": hub.engine.gateways.port}
    write_state(hub.engine.home, {"ports": ports, "children": {"nats": {"pid": hub.process.pid}}})


def joined(hub: Server, folder: Path, name: str, password: str) -> Line:
    assert hub.engine.gateways is not None
    address = HubAddress(f"nats://{name}:{password}@127.0.0.1:{hub.engine.gateways.port}")
    own = NatsEngine(
        folder, port=free_port(), mqtt_port=None, hub=address, server=f"gateway-{name}"
    )
    return Line(hub, Server(own), folder / "forwarded.json")


async def change(hub: Server, told_to: Callable[[], None]) -> None:
    """Do something that has a running server end, and start it again, as `oilcan up` does."""
    assert hub.process is not None
    say_what_runs(hub)
    told_to()
    assert await asyncio.to_thread(hub.process.wait, WITHIN_S) in {0, 1, -signal.SIGTERM}
    hub.process = start(hub.engine.command(), hub.engine.home / "nats.log")
    await until(lambda: asyncio.to_thread(hub.engine.ready))


async def test_a_gateway_is_let_in_and_shut_out_while_the_hub_runs(
    hub: Server, home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    await hub.start()
    await change(hub, lambda: run_add("g", home=home))
    password = GatewayLogins(home).admit("g")
    assert f"OILCAN_HUB=tls://g:{password}@HOST:PORT" in capsys.readouterr().out
    line = joined(hub, tmp_path / "gateway", "g", password)
    try:
        await line.gateway.start()
        async with stream(line.gateway) as own, forwarding(line):
            await keep(own, 1, 5)
            async with stream(hub) as log:
                assert await told(log, 5) == numbers(1, 5)
            await change(hub, lambda: run_remove("g", home=home))
            await until(lambda: logged(line.gateway, "Authorization Violation"))
    finally:
        line.gateway.kill()


def test_where_nothing_runs_the_next_start_lets_it_in(hub: Server, home: Path) -> None:
    run_add("hall", home=home)
    run_add("roof", home=home)
    run_remove("hall", home=home)
    hub.engine.prepare()
    accounts = json.loads((home / "nats.conf").read_text())["accounts"]
    assert "GATEWAY_roof" in accounts
    assert "GATEWAY_hall" not in accounts


def test_a_gateway_that_is_added_twice_keeps_its_password(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run_add("hall", home=home)
    first = capsys.readouterr().out
    run_add("hall", home=home)
    assert capsys.readouterr().out == first
    run_list(home=home)
    assert capsys.readouterr().out == "hall\n"


def test_logins_are_readable_for_their_owner_alone(home: Path) -> None:
    run_add("hall", home=home)
    assert (home / "gateways.json").stat().st_mode & 0o777 == 0o600


def test_a_gateway_that_nobody_let_in_cannot_be_shut_out(home: Path) -> None:
    with pytest.raises(GatewayUnknown, match="no gateway hall"):
        run_remove("hall", home=home)


@pytest.mark.parametrize("name", ["", "a b", "a.b", "a*", ">", "hall\n"])
def test_a_name_that_cannot_be_part_of_a_subject_is_refused(home: Path, name: str) -> None:
    with pytest.raises(SettingsError, match="letters, digits"):
        run_add(name, home=home)
