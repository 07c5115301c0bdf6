"""A gateway cut off from its hub, and kill -9 of each process on the way: all is stored, once."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, aclosing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
import psycopg
import pytest
from pymodbus.constants import ExcCodes
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from config.log import Position, close_log, connect_log, read
from config.log_store import usage
from config.status import Status, parse_status
from oilcan.engines.nats_configuration import GatewayListener
from oilcan.engines.nats_server import NatsEngine
from oilcan.engines.process import free_port, start
from tests.acceptance.faults.disk import SmallDisk, lacking

pytestmark = [
    pytest.mark.acceptance,
    pytest.mark.timeout(120),
    # The wire's loop runs in a thread of its own, and may be collected in another.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

_PLANT = Path(__file__).parent / "gateway"
_WITHIN_S = 60.0
_EVERY_S = 0.02
_CUT_S = 3.0


class Link:
    """The wire between gateway and hub: it can be cut, or swallow what goes through it."""

    def __init__(self, port: int) -> None:
        self.own_port = free_port()
        self._port = port
        self._loop = asyncio.new_event_loop()
        self._open = asyncio.Event()
        self._open.set()
        self._writers: set[asyncio.StreamWriter] = set()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        self._server = self._call(self._serve())

    def cut(self) -> None:
        """Close what is open, and swallow whatever comes until `restore`."""
        self._loop.call_soon_threadsafe(self._open.clear)

    def restore(self) -> None:
        self._loop.call_soon_threadsafe(self._hang_up)

    def close(self) -> None:
        self._call(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _call(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(_WITHIN_S)

    def _hang_up(self) -> None:
        for writer in self._writers:
            writer.close()
        self._open.set()

    async def _serve(self) -> asyncio.Server:
        return await asyncio.start_server(self._pass_on, "127.0.0.1", self.own_port)

    async def _end(self) -> None:
        self._server.close()
        self._hang_up()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            if self._open.is_set():
                far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._port)
                self._writers.add(far_writer)
                await asyncio.gather(self._copy(reader, far_writer), self._copy(far_reader, writer))
        except OSError:
            pass
        finally:
            writer.close()

    async def _copy(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(65_536):
                # What is on the wire when it is cut is lost.
                if self._open.is_set():
                    writer.write(data)
                    await writer.drain()
        writer.close()


class Tank:
    """A device that publishes numbered messages at QoS 1, and knows which the broker confirmed."""

    def __init__(self, asset: str, port: int) -> None:
        self.confirmed = 0
        self._asset = asset
        self._stop = threading.Event()
        self._acknowledged: set[int] = set()
        self._client = mqtt.Client(
            mqtt.CallbackAPIVersion.VERSION2, client_id=f"device-{asset}", clean_session=False
        )
        self._client.on_publish = lambda *given: self._acknowledged.add(given[2])
        self._client.reconnect_delay_set(1, 1)
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def finish(self) -> int:
        """Stop after the message under way; how many there were."""
        self._stop.set()
        self._thread.join()
        self._client.disconnect()
        self._client.loop_stop()
        return self.confirmed

    def _run(self) -> None:
        while not self._stop.is_set():
            payload = {"time": time.time_ns() // 1000, "number": self.confirmed}
            info = self._client.publish(f"tank/{self._asset}", json.dumps(payload), qos=1)
            while info.mid not in self._acknowledged:
                time.sleep(0.002)
            self.confirmed += 1
            time.sleep(_EVERY_S)


@dataclass
class Meter:
    """A Modbus device whose register counts how often it was asked."""

    port: int
    asked: int = 0

    async def serve(self, stop: threading.Event) -> None:
        words = SimData(0, count=2, values=0, datatype=DataType.REGISTERS)
        device = SimDevice(1, simdata=[words], action=self._answer)
        server = ModbusTcpServer(device, address=("127.0.0.1", self.port))
        await server.serve_forever(background=True)
        await asyncio.to_thread(stop.wait)
        await server.shutdown()

    async def _answer(self, *request: Any) -> ExcCodes | None:
        registers: list[int] = request[4]
        self.asked += 1
        registers[:2] = divmod(self.asked, 1 << 16)
        return None


@dataclass
class Process:
    """One of our processes, and what it says."""

    words: list[str]
    environment: dict[str, str]
    output: Path
    running: subprocess.Popen[bytes] | None = None
    disk: SmallDisk | None = None
    """The file system that it has instead of a folder."""

    def start(self) -> None:
        command = [sys.executable, "-P", "-m", "oilcan", *self.words]
        if self.disk is not None:
            command = self.disk.command(command)
        told = {**os.environ, **self.environment, "PYTHONPATH": str(Path.cwd())}
        self.running = start(command, self.output, environment=told)

    def kill(self) -> None:
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        self._end(signal.SIGTERM)

    def said(self) -> str:
        return self.output.read_text() if self.output.exists() else ""

    def _end(self, number: signal.Signals) -> None:
        if self.running is not None:
            self.running.send_signal(number)
            self.running.wait(_WITHIN_S)
            self.running = None


@dataclass
class Site:
    """A hub's log, its ingest, and a gateway beside the devices."""

    hub: NatsEngine
    gateway: Process
    home: Path
    link: Link
    meter: Meter
    database_url: str
    mqtt_port: int
    hub_process: subprocess.Popen[bytes] | None = None

    def start_hub(self) -> None:
        self.hub.prepare()
        self.hub_process = start(self.hub.command(), self.hub.home / "nats.log")
        wait_until(self.hub.ready)

    def kill_hub(self) -> None:
        if self.hub_process is not None:
            self.hub_process.kill()
            self.hub_process.wait()
            self.hub_process = None

    def start_gateway(self) -> None:
        self.gateway.start()
        wait_until(self._broker_answers)

    def gateway_log_server(self) -> int | None:
        """Process of the gateway's own log, once it serves."""
        try:
            child = json.loads((self.home / "up.json").read_text())["children"]["nats"]
        except OSError:
            return None
        return child["pid"] if child["state"] == "ready" else None

    def kill_gateway_log(self) -> None:
        killed = self.gateway_log_server()
        assert killed is not None
        os.kill(killed, signal.SIGKILL)
        wait_until(lambda: self.gateway_log_server() not in {None, killed})

    def stored(self, tag: str) -> list[int]:
        """Good values of a point in the order of their times."""
        with psycopg.connect(self.database_url) as connection:
            rows = connection.execute(_READINGS, [tag]).fetchall()
        return [int(value) for (value,) in rows]

    def _broker_answers(self) -> bool:
        client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2)
        with suppress(OSError):
            client.connect("127.0.0.1", self.mqtt_port)
            client.disconnect()
            return True
        return False


_READINGS = """
SELECT value FROM reading JOIN point ON point.id = point_id
WHERE tag = %s AND value IS NOT NULL ORDER BY ts
"""


def wait_until(holds: Callable[[], object], within_s: float = _WITHIN_S) -> None:
    deadline = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < deadline, f"not within {within_s} s"
        time.sleep(0.05)


@pytest.fixture
def site(tmp_path: Path, database_url: str) -> Iterator[Site]:
    """Everything up, and the gateway's broker heard by its edge."""
    listener = GatewayListener("127.0.0.1", free_port())
    hub = NatsEngine(tmp_path / "hub", port=free_port(), mqtt_port=None, gateways=listener)
    password = hub.gateway_logins.admit("gw-1")
    meter = Meter(free_port())
    mqtt_port = free_port()
    with ExitStack() as stack:
        link = Link(listener.port)
        stack.callback(link.close)
        shared = {
            "OILCAN_TEST_MODBUS_PORT": str(meter.port),
            "OILCAN_DATABASE_URL": database_url,
        }
        at_hub = {**shared, "OILCAN_LOG_URL": hub.url, "OILCAN_HOME": str(tmp_path / "hub")}
        home = tmp_path / "gateway"
        at_gateway = {
            "OILCAN_TEST_MODBUS_PORT": str(meter.port),
            "OILCAN_HOME": str(home),
            "OILCAN_HUB": f"nats://gw-1:{password}@127.0.0.1:{link.own_port}",
            "OILCAN_LOCAL_MQTT_PORT": str(mqtt_port),
        }
        gateway = Process(
            ["edge", "run", str(_PLANT), "--name", "gw-1"], at_gateway, tmp_path / "gateway.log"
        )
        site = Site(hub, gateway, home, link, meter, database_url, mqtt_port)
        apply = Process(
            ["apply", str(_PLANT)],
            {**at_hub, "OILCAN_MQTT_PORT": str(mqtt_port)},
            tmp_path / "apply.log",
        )
        apply.start()
        stack.enter_context(serving(meter))
        site.start_hub()
        stack.callback(site.kill_hub)
        assert apply.running is not None
        assert apply.running.wait(_WITHIN_S) == 0, apply.said()
        ingest = Process(["ingest"], at_hub, tmp_path / "ingest.log")
        ingest.start()
        stack.callback(ingest.stop)
        stack.callback(gateway.stop)
        yield site


@contextmanager
def serving(meter: Meter) -> Iterator[None]:
    stop = threading.Event()
    thread = threading.Thread(target=lambda: asyncio.run(meter.serve(stop)))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def heard(site: Site, asset: str) -> Tank:
    """A tank whose messages the gateway takes: at first the broker acknowledges them for nobody."""
    probe = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2)
    probe.connect("127.0.0.1", site.mqtt_port)
    probe.loop_start()
    try:

        def comes() -> bool:
            payload = json.dumps({"time": time.time_ns() // 1000, "number": 0})
            probe.publish("tank/T-away", payload, qos=1).wait_for_publish(5)
            return bool(site.stored("T-away.number"))

        wait_until(comes)
    finally:
        probe.disconnect()
        probe.loop_stop()
    return Tank(asset, site.mqtt_port)


def in_order_and_once(site: Site) -> bool:
    """Do the hub's records of each session count up, none of them twice?"""

    async def look() -> bool:
        client = await connect_log(site.hub.url, name="test")
        last: dict[tuple[int, str], int] = {}
        try:
            end = (await usage(client)).last
            async with aclosing(read(client, None, Position())) as lists:
                async for records in lists:
                    for record in records:
                        key = (record.partition, record.batch.session)
                        if record.batch.sequence <= last.get(key, 0):
                            return False
                        last[key] = record.batch.sequence
                        if record.position == end:
                            return True
        finally:
            await close_log(client)
        return False

    return asyncio.run(look())


def all_is_stored_once(site: Site, tank: Tank, asset: str) -> None:
    sent = list(range(tank.finish()))
    wait_until(lambda: len(site.stored(f"{asset}.number")) >= len(sent))
    assert site.stored(f"{asset}.number") == sent
    counts = site.stored("M-1.count")
    assert counts == sorted(set(counts))
    assert in_order_and_once(site)


def passes(tank: Tank, count: int) -> None:
    """Wait until the device has had so many more messages confirmed."""
    wanted = tank.confirmed + count
    wait_until(lambda: tank.confirmed >= wanted)


def test_a_cut_link_loses_nothing_and_doubles_nothing(site: Site) -> None:
    site.start_gateway()
    tank = heard(site, "T-cut")
    try:
        passes(tank, 20)
        site.link.cut()
        cut_at = time.monotonic()
        wait_until(lambda: time.monotonic() - cut_at > _CUT_S)
        passes(tank, 20)
        site.link.restore()
        passes(tank, 20)
    finally:
        all_is_stored_once(site, tank, "T-cut")
    asked = site.meter.asked
    wait_until(lambda: asked in site.stored("M-1.count"))
    counts = site.stored("M-1.count")
    assert counts == list(range(counts[0], counts[-1] + 1))
    password = site.hub.gateway_logins.admit("gw-1")
    assert password not in site.gateway.said()
    assert password not in (site.home / "logs" / "nats.log").read_text()


@pytest.mark.parametrize("victim", ["edge", "nats", "hub"])
def test_kill_in_every_phase_loses_nothing_and_doubles_nothing(site: Site, victim: str) -> None:
    def kill() -> None:
        if victim == "edge":
            site.gateway.kill()
            site.start_gateway()
        elif victim == "nats":
            site.kill_gateway_log()
        else:
            site.kill_hub()
            site.start_hub()

    site.start_gateway()
    tank = heard(site, f"T-{victim}")
    try:
        passes(tank, 10)
        kill()  # while all is well
        passes(tank, 10)
        site.link.cut()
        passes(tank, 20)
        kill()  # while the gateway keeps everything
        passes(tank, 10)
        site.link.restore()
        kill()  # while the gateway hands over
        passes(tank, 20)
    finally:
        all_is_stored_once(site, tank, f"T-{victim}")


def test_a_gateway_starts_without_its_hub_and_then_tells_of_itself(site: Site) -> None:
    site.link.cut()
    site.start_gateway()
    wait_until(lambda: site.meter.asked >= 10)
    site.link.restore()
    wait_until(lambda: len(site.stored("M-1.count")) >= 10)
    status = asyncio.run(heard_of(site))
    assert status.metrics["log_full"] == 0.0
    assert status.metrics["forwarded_records_total"] >= 10
    assert status.metrics["log_max_bytes"] == 4 * 1024**3


@pytest.mark.skipif(bool(lacking()), reason=lacking())
def test_a_gateway_whose_disk_was_full_goes_on_by_itself_and_loses_nothing(site: Site) -> None:
    store = site.home / "nats"
    store.mkdir(parents=True)
    site.gateway.disk = disk = SmallDisk(site.home / "disk.img", store)
    site.start_gateway()
    tank = heard(site, "T-cut")
    try:
        passes(tank, 10)
        running = site.gateway.running
        assert running is not None
        disk.fill(running.pid)
        wait_until(lambda: "the log's disk is full" in site.gateway.said())
        full_at = site.gateway_log_server()
        assert disk.make_room(running.pid)
        wait_until(lambda: site.gateway_log_server() not in {None, full_at})
        passes(tank, 10)
    finally:
        all_is_stored_once(site, tank, "T-cut")
    asked = site.meter.asked
    wait_until(lambda: asked in site.stored("M-1.count"))
    counts = site.stored("M-1.count")
    assert counts == list(range(counts[0], counts[-1] + 1))


async def heard_of(site: Site) -> Status:
    """The gateway's next status, as the hub hears it."""
    client = await connect_log(site.hub.url, name="test")
    try:
        subscription = await client.subscribe("oilcan.status.edge.gw-1")
        return parse_status((await subscription.next_msg(_WITHIN_S)).data)
    finally:
        await close_log(client)
