"""The whole line as users start it: engines, broker, `oilcan edge`, `oilcan ingest`, and devices.

Between the edge and its broker, and between the edge and the log, stand proxies that can hold back
one way. Everything can be killed and started again; the devices go on through it all, and keep
account of what has to be stored in the end.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import psycopg

from edge.reading import Quality, Reason, quality_code
from oilcan.engines.nats_server import NatsEngine
from oilcan.engines.postgres import PostgresEngine
from oilcan.engines.process import free_port
from tests.acceptance.faults.device import Device
from tests.acceptance.faults.disk import SmallDisk, lacking
from tests.acceptance.faults.ledger import Ledger, Verdict
from tests.acceptance.faults.modbus_device import ModbusDevice
from tests.acceptance.faults.mqtt_device import MqttDevice, as_text
from tests.acceptance.faults.opcua_device import OpcuaDevice
from tests.acceptance.faults.proxy import Proxy
from tests.acceptance.faults.service import Service, listens, wait_until
from tests.acceptance.faults.sparkplug_device import SparkplugDevice
from tests.edge.mqtt.mosquitto import PROGRAM

PLANT = Path(__file__).parent / "plant"
_ROOT = Path(__file__).parents[3]
_OILCAN = (sys.executable, "-m", "oilcan")
IN_FLIGHT_S = 5.0
_CLOCK_OFF = int(quality_code(Quality.UNCERTAIN, Reason.CLOCK))
_PORTS = ("broker", "embedded", "log", "modbus", "opcua", "to_broker", "to_log")

DeviceT = TypeVar("DeviceT", bound=Device)

_STORED = """
SELECT value FROM reading JOIN point ON point.id = point_id
WHERE tag = %s AND value IS NOT NULL ORDER BY ts
"""
_DOUBTED = """
SELECT value FROM reading JOIN point ON point.id = point_id WHERE tag = %s AND quality = %s
"""
_NEWEST = """
SELECT tag, max(value) FROM point JOIN reading ON point.id = point_id GROUP BY tag
"""


@dataclass
class Devices:
    """A device of each protocol."""

    mqtt_311: MqttDevice
    mqtt_5: MqttDevice
    plain: MqttDevice
    embedded: MqttDevice
    embedded_plain: MqttDevice
    sparkplug: SparkplugDevice
    modbus: ModbusDevice
    opcua: OpcuaDevice

    @property
    def all(self) -> Sequence[Device]:
        return list(vars(self).values())

    @property
    def ledgers(self) -> dict[str, Ledger]:
        """What was given, by the tag of the point."""
        return {tag: ledger for each in self.all for tag, ledger in each.ledgers.items()}


@dataclass
class Line:
    """What runs; `database_url` may be that of a server which is not ours."""

    home: Path
    database_url: str
    log_url: str
    postgres: Service | None
    log: Service
    broker: Service
    ingest: Service
    edge: Service
    disk: SmallDisk | None
    to_broker: Proxy
    to_log: Proxy
    environment: Mapping[str, str]
    devices: Devices = field(init=False)

    @property
    def services(self) -> Sequence[Service]:
        """In the order in which they start."""
        given = [self.postgres, self.log, self.broker, self.ingest, self.edge]
        return [service for service in given if service is not None]

    def until_flowing(self, *tags: str) -> None:
        """Wait until something of each point (none named: of all) is stored, given from now on."""
        ledgers = self.devices.ledgers
        marks = {tag: len(ledgers[tag]) for tag in tags or ledgers}

        def still() -> list[str]:
            self.revive()
            newest = self.newest()
            return [tag for tag, mark in marks.items() if newest.get(tag, 0.0) <= mark]

        wait_until(lambda: not still(), lambda: f"something new is stored of {still()}")

    def until_stored(self, device: Device) -> None:
        """Wait until the last number that a device gave is stored."""
        last = {tag: len(ledger) for tag, ledger in device.ledgers.items()}
        wait_until(
            lambda: all(self.newest().get(tag, 0.0) >= number for tag, number in last.items()),
            f"{last} are stored",
        )

    def oilcan(self, *words: str) -> None:
        """Run a command of Oilcan to its end."""
        subprocess.run([*_OILCAN, *words], env={**os.environ, **self.environment}, check=True)

    def kill_edge(
        self,
        *,
        since: float | None = None,
        then: Callable[[], None] = lambda: None,
        **environment: str,
    ) -> None:
        """Kill -9 the edge, which has confirmed nothing since a time, and start it again.

        `then` is done between the two, as to what a proxy holds; `environment` is for the new one.
        """
        self.edge.kill()
        killed = time.monotonic()
        then()
        for device in self.devices.all:
            device.receiver_gone((since or killed) - IN_FLIGHT_S)
        self.edge.start(**environment)

    def stored(self, tag: str) -> list[float]:
        """The numbers of a point in the order of their times; none while the database is away."""
        return [number for (number,) in self.ask(_STORED, tag)]

    def doubted(self, tag: str) -> set[float]:
        """The numbers of a point that stand with another time, since its clock is not believed."""
        return {number for (number,) in self.ask(_DOUBTED, tag, _CLOCK_OFF)}

    def newest(self) -> dict[str, float]:
        """The highest number of each point that is stored."""
        return {tag: number or 0.0 for tag, number in self.ask(_NEWEST)}

    def ask(self, sql: str, *parameters: object) -> list[tuple[Any, ...]]:
        """A query's rows; none while the database is away."""
        try:
            with psycopg.connect(self.database_url, connect_timeout=5) as connection:
                return connection.execute(sql.encode(), parameters).fetchall()
        except psycopg.OperationalError:
            return []

    def revive(self) -> None:
        """Start what ended by itself again, as a supervisor does."""
        for service in self.services:
            service.revive()

    @contextmanager
    def watching(self) -> Iterator["Watch"]:
        """Have the devices publish through the block, and on until all of it is stored."""
        watch = Watch(self)
        with self.publishing():
            self.until_flowing()
            yield watch
            self.until_flowing()
        watch.finish()

    @contextmanager
    def publishing(self) -> Iterator[None]:
        """Have the devices publish through the block."""
        for device in self.devices.all:
            device.start()
        try:
            yield
        finally:
            for device in self.devices.all:
                device.stop()


class Watch:
    """What the devices gave between its making and its end, and what became of it."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._ledgers = line.devices.ledgers
        self._after = {tag: len(ledger) for tag, ledger in self._ledgers.items()}
        self._until = dict(self._after)
        self.verdicts: dict[str, Verdict] = {}

    @property
    def numbers(self) -> int:
        """How many numbers it is about, over all points."""
        return sum(self._until[tag] - self._after[tag] for tag in self._ledgers)

    def finish(self) -> None:
        """Wait until everything that was promised is stored, or no more comes, and judge."""
        self._until = {tag: len(ledger) for tag, ledger in self._ledgers.items()}
        with suppress(AssertionError):
            wait_until(
                lambda: not any(each.lost for each in self._judge().values()), "all stored", 20
            )
        self.verdicts = self._judge()

    def _judge(self) -> dict[str, Verdict]:
        return {
            tag: ledger.judge(
                self._line.stored(tag), after=self._after[tag], until=self._until[tag]
            )
            for tag, ledger in self._ledgers.items()
        }


@contextmanager
def running_line(home: Path, *, database_url: str = "") -> Iterator[Line]:
    """Everything up in `home`; on a database server of its own where none is given."""
    ports = {name: free_port() for name in _PORTS}
    with ExitStack() as stack:
        proxies = [
            Proxy(ports["to_broker"], ports["broker"]),
            Proxy(ports["to_log"], ports["log"]),
        ]
        for proxy in proxies:
            stack.callback(proxy.close)
        line = _line(home, ports, proxies, database_url)
        stack.callback(_stop, line.services)
        *engines, ingest, edge = line.services
        for engine in engines:
            engine.start()
        for words in (("migrate",), ("apply", str(PLANT))):
            line.oilcan(*words)
        line.devices = _devices(ports, stack)
        ingest.start()
        edge.start()
        # Sessions stand once something came through; from then on the brokers keep what comes.
        with line.publishing():
            line.until_flowing()
        yield line


def _line(
    home: Path,
    ports: Mapping[str, int],
    proxies: Sequence[Proxy],
    database_url: str,
) -> Line:
    log = NatsEngine(home, port=ports["log"], mqtt_port=ports["embedded"])
    log.prepare()
    postgres, disk = (None, None) if database_url else _postgres(PostgresEngine(home))
    url = database_url or PostgresEngine(home).url
    environment = {
        "OILCAN_HOME": str(home),
        "OILCAN_DATABASE_URL": url,
        "OILCAN_LOG_URL": log.url,
        "OILCAN_TEST_BROKER_PORT": str(ports["to_broker"]),
        "OILCAN_TEST_EMBEDDED_PORT": str(ports["embedded"]),
        "OILCAN_TEST_MODBUS_PORT": str(ports["modbus"]),
        "OILCAN_TEST_OPCUA_PORT": str(ports["opcua"]),
        "PYTHONPATH": str(_ROOT),
    }
    at_edge = {"OILCAN_LOG_URL": log.url.replace(str(ports["log"]), str(ports["to_log"]))}
    return Line(
        home=home,
        database_url=url,
        log_url=log.url,
        environment=environment,
        postgres=postgres,
        disk=disk,
        log=Service("log", log.command(), home / "log.out", ready=log.ready),
        broker=_mosquitto(home / "broker", ports["broker"]),
        ingest=Service(
            "ingest", [*_OILCAN, "ingest"], home / "ingest.out", environment=environment
        ),
        edge=Service(
            "edge",
            [*_OILCAN, "edge", str(PLANT)],
            home / "edge.out",
            environment={**environment, **at_edge},
        ),
        to_broker=proxies[0],
        to_log=proxies[1],
    )


def _postgres(engine: PostgresEngine) -> tuple[Service, SmallDisk | None]:
    """A database server, on a disk of its own where this machine can."""
    engine.prepare()
    disk = None if lacking() else SmallDisk(engine.home / "disk.img", engine.data)
    command = engine.command()
    service = Service(
        "postgres",
        command if disk is None else disk.command(command),
        engine.home / "postgres.out",
        ready=engine.ready,
        end_signal=engine.stop_signal,
    )
    return service, disk


def _mosquitto(home: Path, port: int) -> Service:
    """A broker that keeps sessions and messages over a restart in good order."""
    assert PROGRAM is not None, "run tests/debian.sh: mosquitto is missing"
    home.mkdir()
    lines = [
        f"listener {port} 127.0.0.1",
        "allow_anonymous true",
        "max_queued_messages 0",
        "persistence true",
        f"persistence_location {home}/",
        *(["user root"] if os.getuid() == 0 else []),
    ]
    (home / "mosquitto.conf").write_text("\n".join(lines) + "\n")
    command = [PROGRAM, "-c", str(home / "mosquitto.conf")]
    return Service("broker", command, home / "broker.out", ready=lambda: listens(port))


def _devices(ports: Mapping[str, int], stack: ExitStack) -> Devices:
    def kept(device: DeviceT) -> DeviceT:
        stack.callback(device.close)
        return device

    return Devices(
        mqtt_311=kept(MqttDevice("mqtt-311", ports["broker"])),
        mqtt_5=kept(MqttDevice("mqtt-5", ports["broker"])),
        plain=kept(MqttDevice("plain", ports["broker"], write=as_text)),
        embedded=kept(MqttDevice("embedded", ports["embedded"])),
        # The one excuse is for bare numbers over the embedded broker, which have the time of their
        # receipt alone: it repeats behind newer ones what a killed edge held, and where it is killed
        # itself it forgets the acknowledgements of its last moment, and what it had given already.
        embedded_plain=kept(
            MqttDevice("embedded-plain", ports["embedded"], write=as_text, in_order=False)
        ),
        sparkplug=kept(SparkplugDevice(ports["broker"])),
        modbus=kept(ModbusDevice(ports["modbus"])),
        opcua=kept(OpcuaDevice(ports["opcua"])),
    )


def _stop(services: Sequence[Service]) -> None:
    for service in reversed(services):
        service.stop()
