"""Kill -9 of any process of `oilcan up`: it recovers by itself, and nothing is lost or doubled."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import paho.mqtt.client as mqtt
import psycopg
import pytest

from config.settings import Settings
from oilcan.engine_addresses import find_database_url
from oilcan.engines.process import free_port
from tests.acceptance.faults.ledger import CLEAN
from tests.acceptance.faults.modbus_device import ModbusDevice
from tests.acceptance.faults.service import wait_until
from tests.acceptance.given_database import given_database_url

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(240)]

_PLANT = Path(__file__).parent / "plant"
_RECOVERS_WITHIN_S = 30.0
_SETTLES_S = 1.5
_EVERY_S = 0.02
# A level holds for so many messages, 0.4 s, and then crosses the threshold.
_HELD = 20
_HIGH, _LOW = 9.0, 1.0


class Tank:
    """An MQTT device: numbered messages at QoS 1, and a level that goes up and down.

    It knows which numbers the broker has acknowledged, and how often the level went up.
    """

    def __init__(self, asset: str, port: int) -> None:
        self.rises = 0
        self._asset = asset
        self._sent: list[int] = []
        self._confirmed: set[int] = set()
        self._stop = threading.Event()
        self._client = mqtt.Client(
            mqtt.CallbackAPIVersion.VERSION2, client_id=f"device-{asset}", clean_session=False
        )
        self._client.on_publish = lambda *given: self._confirmed.add(given[2])
        self._client.reconnect_delay_set(1, 1)
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    @property
    def acknowledged(self) -> list[int]:
        """The numbers that the broker has acknowledged, in order."""
        return [number for number, sent in enumerate(self._sent) if sent in self._confirmed]

    def finish(self) -> None:
        """Go on until the level is low again and every message is acknowledged; then leave."""
        self._stop.set()
        self._thread.join()
        wait_until(lambda: len(self._confirmed) == len(self._sent), "PUBACKs", _RECOVERS_WITHIN_S)
        self._client.disconnect()
        self._client.loop_stop()

    def _run(self) -> None:
        number = 0
        while not (self._stop.is_set() and number % (2 * _HELD) == _HELD):
            high = number // _HELD % 2 == 1
            self.rises += high and number % _HELD == 0
            self._send(number, _HIGH if high else _LOW)
            number += 1
            time.sleep(_EVERY_S)

    def _send(self, number: int, level: float) -> None:
        payload = {"time": time.time_ns() // 1000, "number": number, "level": level}
        info = self._client.publish(f"tank/{self._asset}", json.dumps(payload), qos=1)
        self._sent.append(info.mid)
        # One at a time: when it reconnects, paho may send a new message before it repeats the old
        # ones, and a reading that is older than its series' last one is late for the rules.
        while info.mid not in self._confirmed:
            time.sleep(0.002)


@dataclass
class Plant:
    """A running `oilcan up` with its devices."""

    home: Path
    meter: ModbusDevice
    meter_port: int
    given_database: str = ""

    def state(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.home / "up.json").read_text())
        return found

    def kill(self, name: str) -> None:
        """Kill -9 one process and wait until another one serves in its place."""
        killed = self.state()["children"][name]["pid"]
        os.kill(killed, signal.SIGKILL)
        if name == "edge":
            self.meter.receiver_gone(0)

        def back() -> bool:
            child = self.state()["children"][name]
            return child["state"] == "ready" and child["pid"] != killed

        wait_until(back, f"{name} is back", _RECOVERS_WITHIN_S)

    def ask(self, sql: str, *parameters: object) -> list[Any]:
        """First column of a query's rows; nothing while the database is down."""
        try:
            settings = Settings(home=self.home, database_url=self.given_database)
            with psycopg.connect(find_database_url(settings)) as connection:
                return [row[0] for row in connection.execute(sql.encode(), parameters)]
        except psycopg.OperationalError:
            return []

    def serves(self) -> bool:
        """Do the pages answer?"""
        try:
            return httpx.get(f"{self.state()['http_url']}/health").status_code == 200
        except httpx.HTTPError:
            return False


_READINGS = """
SELECT value FROM reading JOIN point ON point.id = point_id
WHERE tag = %s AND value IS NOT NULL ORDER BY ts
"""
_EVENTS = "SELECT condition_event.id FROM condition_event JOIN asset ON asset.id = asset_id WHERE tag = %s"
_ORDERS = "SELECT number FROM work_order JOIN asset ON asset.id = asset_id WHERE tag = %s"
_ANSWERED_EVENTS = """
SELECT event_id FROM work_order_event
JOIN condition_event ON condition_event.id = event_id JOIN asset ON asset.id = asset_id
WHERE tag = %s
"""


@pytest.fixture(scope="module")
def given_database() -> Iterator[str]:
    """An empty database on the server under test, or nothing: `oilcan up` has its own."""
    with given_database_url("recovery") as url:
        yield url


@pytest.fixture(scope="module")
def plant(tmp_path_factory: pytest.TempPathFactory, given_database: str) -> Iterator[Plant]:
    """Everything up on a home of its own, collecting from the meter."""
    port = free_port()
    plant = Plant(tmp_path_factory.mktemp("home"), ModbusDevice(port), port, given_database)
    with closing(plant.meter), everything_up(plant) as process:
        wait_until(lambda: _subscribed(plant), "the edge hears devices", _RECOVERS_WITHIN_S)
        yield plant
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0


def _subscribed(plant: Plant) -> bool:
    """Does the edge hear devices yet? The broker acknowledges what nobody has subscribed to, too."""
    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2)
    client.connect("127.0.0.1", plant.state()["ports"]["mqtt"])
    client.loop_start()
    payload = json.dumps({"time": time.time_ns() // 1000, "level": 0.0, "number": 0.0})
    client.publish("tank/T-unknown", payload, qos=1).wait_for_publish(5)
    client.disconnect()
    client.loop_stop()
    return bool(plant.ask("SELECT tag FROM unknown_tag"))


@contextmanager
def everything_up(plant: Plant) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "oilcan", "up", str(_PLANT), "--home", str(plant.home)]
    environment = {**os.environ, "OILCAN_TEST_MODBUS_PORT": str(plant.meter_port)}
    if plant.given_database:
        environment["OILCAN_DATABASE_URL"] = plant.given_database
    process = subprocess.Popen(
        [*command, "--http-port", "0", "--mqtt-port", "0"],
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    )
    assert process.stdout is not None
    try:
        assert process.stdout.readline().startswith("Oilcan is up")
        count = plant.meter.ledgers["modbus.number"]
        wait_until(lambda: len(count) > 0, "the meter is read", _RECOVERS_WITHIN_S)
        yield process
    finally:
        process.terminate()
        process.wait(30)
        process.stdout.close()


@pytest.mark.parametrize(
    "victim", ["edge", "ingest", "conditions", "maintenance", "serve", "nats", "postgres"]
)
def test_killed_process_recovers_and_nothing_is_lost_or_doubled(plant: Plant, victim: str):
    if victim == "postgres" and plant.given_database:
        pytest.skip("a database that is given is not a child of `oilcan up`")
    asset = f"T-{victim}"
    tank = Tank(asset, plant.state()["ports"]["mqtt"])
    try:
        wait_until(lambda: bool(plant.ask(_ORDERS, asset)), "an order")
        killed = time.monotonic()
        before = tank.rises
        plant.kill(victim)
        # Some of the crossings come after the recovery, whichever process is how quick.
        wait_until(lambda: tank.rises >= before + 2, "two more rises", _RECOVERS_WITHIN_S)
    finally:
        tank.finish()
    left_s = _RECOVERS_WITHIN_S - (time.monotonic() - killed)
    wait_until(lambda: len(plant.ask(_ANSWERED_EVENTS, asset)) >= tank.rises, "orders", left_s)
    wait_until(plant.serves, "pages", left_s)
    wait_until(
        lambda: len(plant.ask(_READINGS, f"{asset}.number")) >= len(tank.acknowledged),
        "readings",
        left_s,
    )
    time.sleep(_SETTLES_S)

    assert sorted(plant.ask(_READINGS, f"{asset}.number")) == tank.acknowledged
    assert len(plant.ask(_EVENTS, asset)) == tank.rises
    assert len(plant.ask(_ANSWERED_EVENTS, asset)) == tank.rises
    assert len(plant.ask(_ORDERS, asset)) == 1


def test_meter_is_read_without_a_gap_or_a_double_through_it_all(plant: Plant):
    count = plant.meter.ledgers["modbus.number"]
    asked = len(count)
    wait_until(lambda: asked in plant.ask(_READINGS, "M-1.count"), "the last", _RECOVERS_WITHIN_S)
    assert count.judge(plant.ask(_READINGS, "M-1.count"), after=0, until=asked) == CLEAN
