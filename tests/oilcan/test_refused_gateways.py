"""A gateway that tries to join and is refused is seen at the hub: who, why and when."""

import asyncio
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.log import close_log, connect_log
from config.settings import Settings
from config.status import Status, watch_status
from oilcan.engines.gateway_logins import GatewayLogins
from oilcan.engines.nats_configuration import HubAddress
from oilcan.engines.nats_server import NatsEngine
from oilcan.engines.process import free_port
from oilcan.gateways_command import run_list
from oilcan.refused_gateways import RefusedGateways
from oilcan.settings import EngineSettings
from oilcan.supervisor import UpOptions, up
from tests.edge.gateway_line import WITHIN_S, Server

S = 1_000_000
_AT = "[7] 2026/11/23 17:57:07.696399 "
_TLS = "[ERR] 10.0.0.7:5 - lid:9 - TLS leafnode handshake error: remote error: tls: bad certificate"


def login(user: str) -> str:
    return f'{_AT}[ERR] 10.0.0.7:53938 - lid:8 - authentication error - User "{user}"'


def let_in(name: str) -> str:
    domains = f'JetStream using domains: local "", remote "gateway-{name}"'
    return f"{_AT}[INF] 10.0.0.7:52630 - lid:8 - {domains}"


class Hub:
    """A hub that lets `hall` in, and hears its server."""

    def __init__(self) -> None:
        self.now = 0
        self.refused = RefusedGateways(lambda: {"hall"}, lambda: self.now)

    def hears(self, *lines: str) -> list[bool]:
        return [self.refused.hear(line) for line in lines]

    @property
    def told(self) -> dict[str, str]:
        return {one.who: one.reason for one in self.refused.refusals}


@pytest.mark.parametrize(
    ("line", "who", "reason"),
    [
        (login("hall"), "hall", "its password is another"),
        (login("roof"), "roof", "no gateway of this name is let in"),
        (login("no name\x1b[31m"), "10.0.0.7", "it gives no gateway's name"),
        (login("x" * 5_000), "10.0.0.7", "it gives no gateway's name"),
        (_AT + _TLS, "10.0.0.7", "no encrypted link: remote error: tls: bad certificate"),
    ],
)
def test_who_is_refused_is_told_with_what_to_mend(line: str, who: str, reason: str) -> None:
    hub = Hub()
    assert hub.hears(line) == [True]
    assert hub.told[who].startswith(reason)


def test_who_is_let_in_is_refused_no_more() -> None:
    hub = Hub()
    assert hub.hears(login("hall"), let_in("hall"), let_in("hall")) == [True, True, False]
    assert hub.told == {}
    assert hub.refused.status().healthy


def test_a_gateway_that_tries_each_second_is_news_every_ten() -> None:
    hub = Hub()
    news = []
    for second in range(25):
        hub.now = second * S
        news += hub.hears(login("hall"))
    assert [second for second, each in enumerate(news) if each] == [0, 10, 20]
    (one,) = hub.refused.refusals
    assert str(one).startswith("refused, 25 times until 1970-01-01 00:00:24 UTC: its password")


def test_the_hub_is_unwell_while_somebody_tries() -> None:
    hub = Hub()
    hub.hears(login("hall"))
    status = hub.refused.status()
    assert (status.healthy, status.parts["hall"].state) == (False, "refused")
    assert status.message.startswith("gateway hall is refused: its password is another")
    hub.now = 61 * S
    assert hub.refused.status() == Status("hub", "gateways", hub.now, healthy=True)


def test_names_without_end_are_forgotten_in_their_order() -> None:
    hub = Hub()
    hub.hears(*(login(f"g{number:03}") for number in range(300)), login("g250"))
    assert set(hub.told) == {f"g{number}" for number in range(200, 300)}


@given(st.text())
def test_no_line_harms(line: str) -> None:
    assert Hub().hears(line, _AT + line, login(line))[:2] == [False, False]


async def test_the_hub_shows_whom_it_refuses(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home = tmp_path / "hub"
    GatewayLogins(home).admit("hall")
    options = UpOptions(
        Settings(home=home, http_port=0),
        EngineSettings(mqtt_port=0, gateway_port=0),
        roles=lambda _: [],
    )
    async with up(options) as running:
        address = HubAddress(f"nats://hall:another@127.0.0.1:{running.gateway_port}")
        engine = NatsEngine(tmp_path / "gateway", port=free_port(), mqtt_port=None, hub=address)
        gateway = Server(engine)
        try:
            await gateway.start()
            said = await heard(running.log_url)
        finally:
            gateway.kill()
        capsys.readouterr()
        run_list(home=home)
    assert "its password is another" in said.parts["hall"].message
    assert capsys.readouterr().out.startswith("hall  refused, ")


async def heard(log_url: str) -> Status:
    """The first word of the hub that it refuses somebody."""
    told: asyncio.Queue[Status] = asyncio.Queue()
    client = await connect_log(log_url, name="test")
    try:
        await watch_status(client, told.put_nowait)
        async with asyncio.timeout(WITHIN_S):
            while True:
                if (status := await told.get()).parts:
                    return status
    finally:
        await close_log(client)
