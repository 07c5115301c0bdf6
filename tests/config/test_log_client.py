"""A client of the log ends when it is told to, at once and for certain, and only then."""

import asyncio
import os
import signal
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from nats.errors import NoRespondersError

from config.errors import LogUnavailable
from config.log import answers, close_log, connect_log
from config.log_client import LogClient, unless_cancelled
from oilcan.engines.nats_server import NatsEngine
from oilcan.engines.process import free_port, start

_WITHIN_S = 60.0
_ASKED = "$SYS.REQ.USER.INFO"


@pytest.fixture
def engine(tmp_path: Path) -> NatsEngine:
    return NatsEngine(tmp_path / "log", port=free_port(), mqtt_port=None)


async def started(engine: NatsEngine) -> subprocess.Popen[bytes]:
    engine.prepare()
    process = start(engine.command(), engine.home / "nats.log")
    await until(lambda: asyncio.to_thread(engine.ready))
    return process


def kill(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()


async def until(true: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(_WITHIN_S):
        while True:
            if await true():
                return
            await asyncio.sleep(0.02)


async def lost(client: LogClient) -> bool:
    return not client.is_connected


@asynccontextmanager
async def leaving_no_tasks() -> AsyncIterator[None]:
    """The block ends every task that it began."""
    before = asyncio.all_tasks()
    yield
    # Those that were told to end take a turn of the loop for it.
    left = asyncio.all_tasks() - before
    if left:
        _, left = await asyncio.wait(left, timeout=_WITHIN_S)
    assert not left


async def test_a_cancellation_that_comes_with_the_answer_holds() -> None:
    assert await cancelled_with(lambda answer: answer.set_result("answer"))


async def test_a_cancellation_that_comes_with_an_error_holds() -> None:
    """As where nobody answers for a hub that is away."""
    assert await cancelled_with(lambda answer: answer.set_exception(NoRespondersError()))


async def cancelled_with(arrives: Callable[[asyncio.Future[str]], None]) -> bool:
    answer: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    task = asyncio.create_task(unless_cancelled(asyncio.wait_for(answer, _WITHIN_S)))
    await asyncio.sleep(0)
    arrives(answer)
    task.cancel()
    await asyncio.wait([task])
    return task.cancelled()


async def test_what_is_awaited_after_a_cancellation_is_given() -> None:
    """What has to be done before a task ends is done, such as a position that is saved."""

    async def end_well() -> str:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            return await unless_cancelled(asyncio.sleep(0, "saved"))
        return ""

    task = asyncio.create_task(end_well())
    await asyncio.sleep(0)
    task.cancel()
    assert await task == "saved"


async def test_a_request_is_cancelled_at_any_moment(log_client: LogClient) -> None:
    for turns in range(60):
        task = asyncio.create_task(log_client.request(_ASKED, timeout=_WITHIN_S))
        for _ in range(turns):
            await asyncio.sleep(0)
        if task.cancel():
            await asyncio.wait([task])
            assert task.cancelled()
        else:
            assert task.result()


@pytest.mark.parametrize("moment", range(5))
async def test_a_closed_client_stays_closed_while_its_server_comes_back(
    engine: NatsEngine, moment: int
) -> None:
    process = await started(engine)
    try:
        async with leaving_no_tasks():
            client = await connect_log(engine.url, name="test")
            await until(lambda: answers(client))
            kill(process)
            await until(lambda: lost(client))
            await client.publish("never.said", b"x")
            process = await started(engine)
            await asyncio.sleep(0.06 * moment)
            await close_log(client)
        assert client.is_closed
    finally:
        kill(process)


async def test_a_server_that_refuses_for_a_while_does_not_close_the_client(
    engine: NatsEngine,
) -> None:
    process = await started(engine)
    file = engine.home / "nats.conf"
    told = file.read_text()
    client = await connect_log(engine.url, name="test")
    try:
        await until(lambda: answers(client))
        file.write_text(told.replace(engine.password, "another"))
        os.kill(process.pid, signal.SIGHUP)
        await until(lambda: lost(client))
        file.write_text(told)
        os.kill(process.pid, signal.SIGHUP)
        await until(lambda: answers(client))
    finally:
        await close_log(client)
        kill(process)


@dataclass
class SilentServer:
    """A server that takes a connection and says nothing."""

    port: int = field(default_factory=free_port)
    came: asyncio.Event = field(default_factory=asyncio.Event)
    gone: asyncio.Event = field(default_factory=asyncio.Event)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[str]:
        """Its URL."""
        async with await asyncio.start_server(self._hear, "127.0.0.1", self.port):
            yield f"nats://127.0.0.1:{self.port}"

    async def _hear(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.came.set()
        await reader.read()
        writer.close()
        self.gone.set()


async def test_a_first_connection_that_is_cancelled_leaves_nothing_open() -> None:
    server = SilentServer()
    async with asyncio.timeout(_WITHIN_S), leaving_no_tasks(), server.running() as url:
        task = asyncio.create_task(connect_log(url, name="test"))
        await server.came.wait()
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()
        await server.gone.wait()


async def test_a_server_that_says_nothing_is_given_up() -> None:
    server = SilentServer()
    async with asyncio.timeout(_WITHIN_S), leaving_no_tasks(), server.running() as url:
        with pytest.raises(LogUnavailable, match="no log at"):
            await connect_log(url, name="test")
        await server.gone.wait()


async def test_an_address_that_is_none_is_told() -> None:
    async with leaving_no_tasks():
        with pytest.raises(LogUnavailable, match="no log at"):
            await connect_log("nats://none", name="test")
