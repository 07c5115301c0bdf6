"""MQTT device messages to committed rows: Oilcan beside Node-RED, collectd and a paho + COPY script.

Small single-value messages over 500 topics. One way after the other takes them into the same table
with the same unique index, `synchronous_commit` on (bench/collectors.py says which and how).

At quality of service 1 Mosquitto holds the messages for the collector's session. It is stopped
(SIGSTOP) while the collector starts, until that does nothing but wait; the clock runs from the moment
the broker goes on until the last row is committed, so nobody's start counts and no publisher is
measured. What counts is what another session of the database sees: committed rows. Each message has
a number as its value: what is missing was lost, what is there twice was doubled. `CPU` is of the
collector's own processes (with Oilcan's the log), and of the database's.

At quality of service 0 no broker holds anything: the packets of all messages are made beforehand and
played over one connection while everybody runs, and the clock begins with the first byte. The table
is looked at twenty times a second, so a run has to last longer than a few of these looks. Devices
publish to Mosquitto, or to the broker that is embedded in Oilcan's log.

Needs `mosquitto` and Node (tests/debian.sh) and, for collectd, `apt-get install
--no-install-recommends collectd-core libmosquitto1 libpq5`; what is missing is left out, and said.
"""

import argparse
import asyncio
import os
import signal
import socket
import statistics
import struct
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import paho.mqtt.client as paho
import psycopg
from paho.mqtt.enums import CallbackAPIVersion

from bench.collectors import OVER_MOSQUITTO, UNACKNOWLEDGED, Place, Subject
from bench.engines import database_in, log_in, running, temporary_home
from bench.harness import cpu_s, publish, table
from config.clock import now_us
from config.database import connect
from config.migrate import migrate
from ingest.chunks import DAY_US, ensure_days
from oilcan.engines.process import start
from tests.edge.mqtt.mosquitto import mosquitto

_TOPICS = 500
_PATIENCE_S = 120.0
_QUIET_S = 15.0
_LOOK_S = 0.05
_IDLE_SHARE = 0.1
_ROW_BYTES = 60
_PUBLISHED_AT_ONCE = 50_000
_CONNECT = b"\x10\x12\x00\x04MQTT\x04\x02\x00\x00\x00\x06device"
"""A clean session without keeping alive, under the name `device`."""

_FUNCTION = """
-- collectd gives nine parameters, and every one has to be used.
CREATE FUNCTION collected(
    ts timestamptz, host text, plugin text, text, text, text, text, text, given float8[]
) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO reading (point_id, ts, value, quality)
    SELECT id, collected.ts, given[1], 0 FROM point WHERE tag = host || '.' || plugin;
END $$
"""
_REGISTER = """
INSERT INTO site (code, name) VALUES ('S', 'S');
INSERT INTO asset_class (code, name) VALUES ('C', 'C');
INSERT INTO asset (tag, name, class_id, site_id)
SELECT 'P-' || n, 'A', c.id, s.id FROM site s, asset_class c, generate_series(0, 499) n;
INSERT INTO point (tag, asset_id, role, unit) SELECT tag || '.load', id, 'load', '1' FROM asset;
"""
_SIZE = """
SELECT coalesce(sum(pg_relation_size(inhrelid)), 0) FROM pg_inherits
WHERE inhparent = 'reading'::regclass
"""
_COUNT = "SELECT count(*), count(DISTINCT value) FROM reading WHERE value < %s"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a run: messages a second, CPU of collector and database in µs a message, and
    what is not as it was sent."""

    rate: float
    cpu_us: float
    database_us: float
    lost: int
    doubled: int


Trigger = Callable[[Place, Subject, int], None]


def fill(place: Place, subject: Subject, messages: range) -> None:
    """Publish messages with these numbers; the broker holds them for whoever has subscribed."""
    client, now = paho.Client(CallbackAPIVersion.VERSION2), now_us() - 600_000_000
    client.max_inflight_messages_set(2_000)
    client.connect("127.0.0.1", place.broker_port)
    client.loop_start()
    for first in range(messages.start, messages.stop, _PUBLISHED_AT_ONCE):
        sent = [
            client.publish(subject.topic.format(n % _TOPICS), subject.payload(n, now), qos=1)
            for n in messages[first - messages.start :][:_PUBLISHED_AT_ONCE]
        ]
        for each in sent:
            each.wait_for_publish(_PATIENCE_S)
    client.disconnect()
    client.loop_stop()


@contextmanager
def collecting(place: Place, subject: Subject) -> Iterator[list[int]]:
    """Run a subject's processes until the end of the block; gives their numbers."""
    commands = subject.commands(place)
    environment = {**os.environ, **subject.environment(place)}
    output = place.home / f"{subject.name}.log"
    processes = [start(command, output, environment=environment) for command in commands]
    try:
        yield [process.pid for process in processes]
    finally:
        for process in processes:
            process.send_signal(subject.farewell)
        for process in processes:
            _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@contextmanager
def held(pid: int) -> Iterator[None]:
    """Stop a process until the end of the block; whoever connects to it waits."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def until_idle(numbers: Sequence[int]) -> None:
    """Return once processes that have just started do nothing but wait."""
    used, quiet, until = cpu_s(numbers), 0, time.monotonic() + _PATIENCE_S
    while quiet < 3 and time.monotonic() < until:
        time.sleep(1)
        before, used = used, cpu_s(numbers)
        # One that took no time yet has not begun; collectd begins in a hundredth of a second.
        quiet = quiet + 1 if used and used - before < _IDLE_SHARE else 0


def subscribe(place: Place, subject: Subject, connection: psycopg.Connection) -> None:
    """Let the subject make its session at the broker: until a message of ours is stored."""
    empty(connection)
    until = time.monotonic() + _PATIENCE_S
    with collecting(place, subject) as numbers:
        while not count(connection, 1)[0]:
            assert time.monotonic() < until, (place.home / f"{subject.name}.log").read_text()
            fill(place, subject, range(1))
            time.sleep(0.5)
        # The last of them is stored, and acknowledged.
        until_idle(numbers)
    empty(connection)


def empty(connection: psycopg.Connection) -> None:
    connection.execute("TRUNCATE reading")
    connection.execute("CHECKPOINT")


def count(connection: psycopg.Connection, messages: int) -> tuple[int, int]:
    """Rows with the number of one of the messages, and how many of the numbers are there."""
    row = connection.execute(_COUNT, [messages]).fetchone()
    return (int(row[0]), int(row[1])) if row else (0, 0)


def measure(place: Place, subject: Subject, messages: int) -> Outcome:
    """One run: the session filled, then drained into the table."""
    with psycopg.connect(place.database, autocommit=True) as connection:
        subscribe(place, subject, connection)
        fill(place, subject, range(messages))
        with ExitStack() as stack:
            broker = stack.enter_context(ExitStack())
            broker.enter_context(held(place.broker_pid))
            numbers = stack.enter_context(collecting(place, subject))
            stack.callback(broker.close)
            until_idle(numbers)
            return watch(place, subject, (connection, numbers), messages, broker.close)


def measure_unacknowledged(place: Place, subject: Subject, messages: int) -> Outcome:
    """One run: all of the messages played while the collector runs."""
    port = place.log.mqtt_port if subject.embedded else place.broker_port
    assert port is not None
    with psycopg.connect(place.database, autocommit=True) as connection:
        empty(connection)
        with collecting(place, subject) as numbers, socket.socket() as device:
            device.connect(("127.0.0.1", port))
            device.sendall(_CONNECT)
            while not count(connection, 1)[0]:
                device.sendall(packets(subject, range(1)))
                time.sleep(0.5)
            until_idle(numbers)
            empty(connection)
            played = threading.Thread(
                target=device.sendall, args=[packets(subject, range(messages))], daemon=True
            )
            return watch(place, subject, (connection, numbers), messages, played.start)


def packets(subject: Subject, messages: range) -> bytes:
    """PUBLISH packets of quality of service 0 with these numbers."""
    found = bytearray()
    for n in messages:
        topic, payload = subject.topic.format(n % _TOPICS).encode(), subject.payload(n, 0).encode()
        found += struct.pack("!BBH", 0x30, 2 + len(topic) + len(payload), len(topic))
        found += topic + payload
    return bytes(found)


def watch(
    place: Place,
    subject: Subject,
    running_ones: tuple[psycopg.Connection, list[int]],
    messages: int,
    begin: Callable[[], None],
) -> Outcome:
    """Begin, and look on until everything is stored, or nothing has come for a while."""
    connection, numbers = running_ones
    numbers = [*numbers, place.log_pid] if subject.log_counts else numbers
    cpu, database_cpu = cpu_s(numbers), cpu_s(family(place.database_pid))
    begun = time.perf_counter()
    begin()
    last, at, extra = progress(connection, messages), begun, messages
    while last < messages and time.perf_counter() - at < _QUIET_S:
        time.sleep(_LOOK_S)
        now, seen = progress(connection, messages), time.perf_counter()
        if now != last:
            last, at = now, seen
        elif subject.qos and seen - at > extra - messages + 1:
            # A plant goes on: collectd commits what it has when the next message comes.
            fill(place, subject, range(extra, extra + 1))
            extra += 1
    used, database_used = cpu_s(numbers) - cpu, cpu_s(family(place.database_pid)) - database_cpu
    rows, distinct = count(connection, messages)
    return Outcome(
        rows / (at - begun),
        used / messages * 1e6,
        database_used / messages * 1e6,
        messages - distinct,
        rows - distinct,
    )


def progress(connection: psycopg.Connection, messages: int) -> int:
    """Committed rows; below zero, and growing, while the table is too small to hold all of them."""
    row = connection.execute(_SIZE).fetchone()
    size, whole = int(row[0]) if row else 0, round(messages * _ROW_BYTES * 0.95)
    return size - whole if size < whole else count(connection, messages)[0]


def family(number: int) -> list[int]:
    """A process and its children."""
    children = Path(f"/proc/{number}/task/{number}/children").read_text().split()
    return [number, *map(int, children)]


def compare(
    place: Place, subjects: Sequence[Subject], messages: int, runs: int
) -> dict[str, list[Outcome]]:
    """All subjects that are there, turn by turn."""
    outcomes: dict[str, list[Outcome]] = {each.name: [] for each in subjects if each.present}
    for _ in range(runs):
        for subject in subjects:
            if subject.present:
                run = measure if subject.qos else measure_unacknowledged
                outcomes[subject.name].append(run(place, subject, messages))
                print(subject.name, outcomes[subject.name][-1], flush=True)
    return outcomes


def rows_of(outcomes: dict[str, list[Outcome]]) -> list[list[str]]:
    """The lines of the table; ratios are to the first subject's rate."""
    ours = statistics.median(each.rate for each in next(iter(outcomes.values())))
    rows = []
    for name, found in outcomes.items():
        rates = [each.rate for each in found]
        rate = statistics.median(rates)
        rows.append(
            [
                name,
                f"{rate:,.0f}",
                f"{max(rates) / min(rates):.2f}",
                f"{ours / rate:.2f}",
                f"{statistics.median(each.cpu_us for each in found):.1f}",
                f"{statistics.median(each.database_us for each in found):.1f}",
                str(sum(each.lost for each in found)),
                str(sum(each.doubled for each in found)),
            ]
        )
    return rows


_HEAD = ["who takes them", "messages/s", "fastest/slowest", "Oilcan to it", "CPU, µs a message"]
_HEAD += ["database's", "lost", "doubled"]


def report(place: Place, options: argparse.Namespace) -> dict[str, str]:
    """The figures as Markdown, each table by its name on the page."""
    told = {}
    for name, what, subjects in (
        ("collect", "Quality of service 1 over Mosquitto", OVER_MOSQUITTO),
        ("collect-unacknowledged", "Quality of service 0", UNACKNOWLEDGED),
    ):
        wanted = [
            each for each in subjects if options.only.lower() in f"{what}, {each.name}".lower()
        ]
        if not wanted:
            continue
        messages = options.messages if wanted[0].qos else options.unacknowledged
        outcomes = compare(place, wanted, messages, options.runs)
        absent = [each.name for each in wanted if not each.present]
        left_out = f" Not installed and left out: {', '.join(absent)}." if absent else ""
        told[name] = (
            f"{what}: {messages:,} messages over {_TOPICS} topics, PostgreSQL; medians of "
            f"{options.runs}.{left_out}\n\n{table(_HEAD, rows_of(outcomes))}"
        )
    return told


def main() -> None:
    """Measure and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=200_000, help="at quality of service 1")
    parser.add_argument("--unacknowledged", type=int, default=200_000, help="and at 0")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--only", default="", help="only those whose name holds this")
    parser.add_argument("--dry", action="store_true", help="print only, write no page")
    options = parser.parse_args()
    with temporary_home() as home, place_in(home) as place:
        told = report(place, options)
    for name, text in told.items():
        print(text)
        if not options.dry:
            publish(name, "python -m bench.collect", text)


@contextmanager
def place_in(home: Path) -> Iterator[Place]:
    """Log, database and broker until the end of the block."""
    with ExitStack() as stack:
        log = log_in(home)
        log_process = stack.enter_context(running(log))
        database = database_in(home)
        postgres = stack.enter_context(running(database))
        asyncio.run(migrate(database.url))
        pid_file = home / "broker/mosquitto.pid"
        settings = ["max_inflight_messages 2000", f"pid_file {pid_file}"]
        port = stack.enter_context(mosquitto(home / "broker", *settings))
        broker = int(pid_file.read_text())
        register(database.url)
        yield Place(home, port, broker, log, log_process.pid, database.url, postgres.pid)


def register(url: str) -> None:
    """Make the points, a day for their readings, and what collectd writes with."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(_REGISTER)
        connection.execute(_FUNCTION)
    asyncio.run(make_days(url))


async def make_days(url: str) -> None:
    connection = await connect(url, autocommit=True)
    async with connection.transaction():
        today = now_us() // DAY_US
        await ensure_days(connection, range(today - 1, today + 2))
    await connection.close()


if __name__ == "__main__":
    main()
