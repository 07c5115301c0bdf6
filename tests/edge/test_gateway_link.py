"""The link between a gateway and its hub: who is let in, what passes, and what is encrypted."""

import json
import shutil
from contextlib import suppress
from pathlib import Path

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError

from config.log import BatchId
from config.log_store import usage
from oilcan.engines.nats_configuration import Tls
from tests.edge.gateway_line import (
    Line,
    batch,
    connected,
    emptied,
    forwarding,
    keep,
    logged,
    make_line,
    numbers,
    says,
    stream,
    taken,
    told,
    until,
)
from tests.edge.modbus.authority import Authority


async def test_a_gateway_hears_what_it_is_asked_and_nothing_else(line: Line) -> None:
    await line.hub.start()
    await line.gateway.start()
    heard: list[str] = []

    async def hear(message: Msg) -> None:
        heard.append(message.subject)
        if message.reply:
            await message.respond(b"answer")

    async with stream(line.hub) as hub, connected(line.gateway.engine.hub_url) as gateway:
        for subject in (">", "oilcan.readings.>", "_INBOX.>", "oilcan.command.find.other"):
            await gateway.subscribe(subject, cb=hear)
        await gateway.subscribe("oilcan.command.find.g", cb=hear)
        await gateway.flush()
        await keep(hub, 1, 1)
        await hub.publish("oilcan.command.find.other", b"x")
        await until(lambda: answered(hub, "oilcan.command.find.g"))
    # Its own answers, in an inbox of its own account, it hears as well.
    assert {subject for subject in heard if subject.startswith("oilcan.")} == {
        "oilcan.command.find.g"
    }


async def answered(client: Client, subject: str) -> bool:
    try:
        return (await client.request(subject, b"?", timeout=1)).data == b"answer"
    except (NatsError, TimeoutError):
        return False


async def test_a_gateway_speaks_for_itself_alone(line: Line) -> None:
    await line.hub.start()
    await line.gateway.start()
    said: list[str] = []

    async def hear(message: Msg) -> None:
        said.append(message.subject)

    async with stream(line.hub) as hub, connected(line.gateway.engine.hub_url) as gateway:
        await hub.subscribe("oilcan.status.>", cb=hear)
        await hub.flush()
        await until(lambda: taken(gateway, batch(1)))
        await gateway.publish("oilcan.status.edge.other", b"x")
        await gateway.publish("oilcan.status.edge.g", b"x")
        await until(lambda: heard_of(said))
        assert not await taken(gateway, BatchId("other", "s", 1))
        with suppress(NatsError, TimeoutError):
            await gateway.request("$JS.API.STREAM.PURGE.OILCAN", b"", timeout=1)
        assert await told(hub, 1) == [("s", 1)]
    assert said == ["oilcan.status.edge.g"]


async def heard_of(said: list[str]) -> bool:
    return bool(said)


async def test_a_gateway_that_is_shut_out_keeps_what_it_has_until_it_is_let_in_again(
    line: Line,
) -> None:
    await line.hub.start()
    await line.gateway.start()
    logins = line.hub.engine.gateway_logins
    password = logins.admit("g")
    async with stream(line.hub) as hub, stream(line.gateway) as own, forwarding(line) as forwarder:
        await keep(own, 1, 10)
        assert await told(hub, 10) == numbers(1, 10)
        logins.shut_out("g")
        line.hub.kill()
        await line.hub.start()
        await keep(own, 11, 10)
        await until(lambda: says(forwarder, "the hub's log takes nothing since "))
        await until(lambda: logged(line.gateway, "Authorization Violation"))
        assert (await usage(hub)).records == 10
        line.hub.engine.home.joinpath("gateways.json").write_text(json.dumps({"g": password}))
        line.hub.kill()
        await line.hub.start()
        assert await told(hub, 20) == numbers(1, 20)


async def test_a_hub_that_is_not_trusted_gets_nothing_and_nothing_is_lost(tmp_path: Path) -> None:
    own, other = Authority.make(tmp_path / "own"), Authority.make(tmp_path / "other")
    certificate, key = map(Path, own.issue("hub"))
    trusted = tmp_path / "ca.pem"
    shutil.copy(other.certificate, trusted)
    line = make_line(tmp_path, hub_files=Tls(certificate, key), authority=trusted)
    try:
        await line.hub.start()
        await line.gateway.start()
        async with stream(line.hub) as hub, stream(line.gateway) as kept, forwarding(line) as way:
            await keep(kept, 1, 10)
            await until(lambda: logged(line.gateway, "TLS leafnode handshake error"))
            await until(lambda: says(way, "the hub's log takes nothing since "))
            assert (await usage(hub)).records == 0
            line.gateway.kill()
            shutil.copy(own.certificate, trusted)
            await line.gateway.start()
            assert await told(hub, 10) == numbers(1, 10)
            await emptied(kept)
    finally:
        line.gateway.kill()
        line.hub.kill()
