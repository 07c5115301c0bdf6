"""MQTT device messages to committed rows: Oilcan beside collectd and a plain paho + COPY script.

Small single-value messages of quality of service 1 over 500 topics, which Mosquitto holds for the
collector's session before the clock starts: no publisher is measured. One after the other takes
them into the same table with the same unique index, `synchronous_commit` on. The clock runs from
the first committed row to the last, so that nobody's start counts. Each message has a number as its
value: what is missing was lost, what is there twice was doubled.

- Oilcan: `oilcan edge` (acknowledges once the log has it on disk), the log, and `oilcan ingest`.
- paho + COPY: `bench/paho_copy.py`. Acknowledges before it stores.
- collectd: plugins mqtt and postgresql, tuned (one statement into the same table, commits each
  second, five writers). Acknowledges before it stores; its payload is its own `time:value`.

Needs `mosquitto` (tests/debian.sh) and, for collectd, `apt-get install --no-install-recommends
collectd-core libmosquitto1 libpq5`; what is missing is left out, and said.
"""

import argparse
import asyncio
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import paho.mqtt.client as paho
import psycopg
from paho.mqtt.enums import CallbackAPIVersion
from psycopg.conninfo import conninfo_to_dict

from bench.harness import publish, table
from bench.ingest import running
from config.clock import now_us
from config.database import connect
from config.migrate import migrate
from ingest.chunks import DAY_US, ensure_days
from oilcan.engines.nats_server import NatsEngine
from oilcan.engines.postgres import PostgresEngine
from oilcan.engines.process import free_port, start
from tests.edge.mqtt.mosquitto import mosquitto

_TOPICS = 500
_PATIENCE_S = 120.0
_QUIET_S = 15.0
_COLLECTD = shutil.which("collectd", path=f"{os.environ.get('PATH', '')}:/usr/sbin")

_SOURCES = """
sources:
  - type: mqtt
    name: bench
    connect: mqtt://127.0.0.1:{port}
    version: "3.1.1"
    topics:
      - {{filter: "plant/{{asset}}/{{point}}", payload: plain}}
"""

_COLLECTD_CONF = """
Hostname "bench"
BaseDir "{home}"
PIDFile "{home}/collectd.pid"
TypesDB "/usr/share/collectd/types.db"
Interval 10
WriteThreads 5
LoadPlugin logfile
<Plugin logfile>
  LogLevel "warning"
  File "{home}/collectd.log"
</Plugin>
LoadPlugin mqtt
<Plugin mqtt>
  <Subscribe "bench">
    Host "127.0.0.1"
    Port "{port}"
    ClientId "collectd-bench"
    CleanSession false
    QoS 1
    Topic "plant/#"
  </Subscribe>
</Plugin>
LoadPlugin postgresql
<Plugin postgresql>
  <Writer bench>
    Statement "SELECT collected($1, $2, $3, $4, $5, $6, $7, $8, $9);"
    StoreRates false
  </Writer>
  <Database "{database}">
    Host "{host}"
    Port "{database_port}"
    User "{user}"
    SSLMode "disable"
    Writer bench
    CommitInterval 1
  </Database>
</Plugin>
"""

_INSERT = """
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


@dataclass(frozen=True, slots=True)
class Place:
    """Where everything is."""

    home: Path
    broker_port: int
    log: NatsEngine
    log_pid: int
    database: str


@dataclass(frozen=True, slots=True)
class Subject:
    """One way to collect: its processes, and the form of what devices send to it."""

    name: str
    commands: Callable[[Place], list[list[str]]]
    topic: str
    payload: Callable[[int, int], str]
    environment: Callable[[Place], dict[str, str]] = lambda _: {}
    log_counts: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a run: messages a second, of CPU a second each, and what is not as it was sent."""

    rate: float
    cpu_us: float
    lost: int
    doubled: int


def oilcan(place: Place) -> list[list[str]]:
    """The two roles that bring a message into the table; the log runs all the time."""
    plant = place.home / "plant"
    plant.mkdir(exist_ok=True)
    (plant / "sources.yaml").write_text(_SOURCES.format(port=place.broker_port))
    command = [sys.executable, "-m", "oilcan"]
    return [[*command, "edge", str(plant)], [*command, "ingest"]]


def oilcan_environment(place: Place) -> dict[str, str]:
    return {
        "OILCAN_HOME": str(place.home / "oilcan"),
        "OILCAN_LOG_URL": place.log.url,
        "OILCAN_DATABASE_URL": place.database,
    }


def paho_copy(place: Place) -> list[list[str]]:
    return [[sys.executable, "-m", "bench.paho_copy", str(place.broker_port), place.database]]


def collectd(place: Place) -> list[list[str]]:
    given = conninfo_to_dict(place.database)
    file = place.home / "collectd.conf"
    file.write_text(
        _COLLECTD_CONF.format(
            home=place.home,
            port=place.broker_port,
            database=given["dbname"],
            host=given["host"],
            database_port=given.get("port", "5432"),
            user=given["user"],
        )
    )
    return [[str(_COLLECTD), "-f", "-C", str(file)]]


_PLAIN = "plant/P-{}/load"
SUBJECTS = (
    Subject("Oilcan", oilcan, _PLAIN, lambda n, _: str(n), oilcan_environment, log_counts=True),
    Subject("paho + COPY", paho_copy, _PLAIN, lambda n, _: str(n)),
    Subject("collectd", collectd, _PLAIN + "/gauge", lambda n, us: f"{us / 1e6 + n / 1e3:.3f}:{n}"),
)


def fill(place: Place, subject: Subject, messages: range) -> None:
    """Publish messages with these numbers; the broker holds them for whoever has subscribed."""
    client, now = paho.Client(CallbackAPIVersion.VERSION2), now_us() - 600_000_000
    client.max_inflight_messages_set(2_000)
    client.connect("127.0.0.1", place.broker_port)
    client.loop_start()
    sent = [
        client.publish(subject.topic.format(n % _TOPICS), subject.payload(n, now), qos=1)
        for n in messages
    ]
    for each in sent:
        each.wait_for_publish(_PATIENCE_S)
    client.disconnect()
    client.loop_stop()


@contextmanager
def collecting(place: Place, subject: Subject) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Run a subject's processes until the end of the block."""
    environment = {**os.environ, **subject.environment(place)}
    processes = [
        start(command, place.home / f"{subject.name}.log", environment=environment)
        for command in subject.commands(place)
    ]
    try:
        yield processes
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait(30)


def stored(connection: psycopg.Connection, messages: int = 1) -> int:
    """Rows with the number of one of the messages."""
    found = connection.execute("SELECT count(*) FROM reading WHERE value < %s", [messages])
    row = found.fetchone()
    return int(row[0]) if row else 0


def subscribe(place: Place, subject: Subject, connection: psycopg.Connection) -> None:
    """Let the subject make its session at the broker: until a message of ours is stored."""
    empty(connection)
    until = time.monotonic() + _PATIENCE_S
    with collecting(place, subject):
        while not stored(connection):
            assert time.monotonic() < until, (place.home / f"{subject.name}.log").read_text()
            fill(place, subject, range(1))
            time.sleep(0.5)
        # The last of them is stored, and acknowledged.
        time.sleep(3)
    empty(connection)


def empty(connection: psycopg.Connection) -> None:
    connection.execute("TRUNCATE reading")
    connection.execute("CHECKPOINT")


def measure(place: Place, subject: Subject, messages: int) -> Outcome:
    """One run: the session filled, then drained into the table."""
    with psycopg.connect(place.database, autocommit=True) as connection:
        subscribe(place, subject, connection)
        fill(place, subject, range(messages))
        with collecting(place, subject) as processes:
            return watch(place, subject, (connection, processes), messages)


def watch(
    place: Place,
    subject: Subject,
    running_ones: tuple[psycopg.Connection, list[subprocess.Popen[bytes]]],
    messages: int,
) -> Outcome:
    """Look on until everything is stored, or nothing has come for a while."""
    connection, processes = running_ones
    numbers = [process.pid for process in processes]
    if subject.log_counts:
        numbers.append(place.log_pid)
    asked = time.perf_counter()
    while not (first := stored(connection, messages)):
        assert time.perf_counter() - asked < _PATIENCE_S, f"{subject.name} stores nothing"
        time.sleep(0.02)
    begun, cpu = time.perf_counter(), cpu_s(numbers)
    last, at, extra = first, begun, messages
    while last < messages and time.perf_counter() - at < _QUIET_S:
        time.sleep(0.05)
        if (now := stored(connection, messages)) != last:
            last, at = now, time.perf_counter()
        elif time.perf_counter() - at > 1:
            # A plant goes on: collectd commits what it has when the next message comes.
            fill(place, subject, range(extra, extra + 1))
            extra += 1
    used = cpu_s(numbers) - cpu
    row = connection.execute(
        "SELECT count(*), count(DISTINCT value) FROM reading WHERE value < %s", [messages]
    ).fetchone()
    assert row is not None
    moved = max(last - first, 1)
    return Outcome(moved / (at - begun), used / moved * 1e6, messages - row[1], row[0] - row[1])


def cpu_s(numbers: list[int]) -> float:
    """Seconds of CPU that processes have used, with all their threads."""
    ticks = 0
    for number in numbers:
        fields = Path(f"/proc/{number}/stat").read_text().rpartition(") ")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def report(place: Place, messages: int, runs: int) -> str:
    """All subjects, turn by turn; the figures as Markdown."""
    present = [subject for subject in SUBJECTS if subject.name != "collectd" or _COLLECTD]
    outcomes: dict[str, list[Outcome]] = {subject.name: [] for subject in present}
    for _ in range(runs):
        for subject in present:
            outcomes[subject.name].append(measure(place, subject, messages))
            print(subject.name, outcomes[subject.name][-1], flush=True)
    ours = statistics.median(each.rate for each in outcomes["Oilcan"])
    rows = []
    for name, found in outcomes.items():
        rate = statistics.median(each.rate for each in found)
        rows.append(
            [
                name,
                f"{rate:,.0f}",
                f"{ours / rate:.2f}",
                f"{statistics.median(each.cpu_us for each in found):.0f}",
                str(sum(each.lost for each in found)),
                str(sum(each.doubled for each in found)),
            ]
        )
    head = ["who takes them", "messages/s", "Oilcan to it", "CPU, µs a message", "lost", "doubled"]
    left_out = "" if _COLLECTD else "\n\ncollectd is not installed and was left out."
    return (
        f"{messages:,} messages over {_TOPICS} topics, Mosquitto, PostgreSQL; medians of {runs}; "
        f"CPU without broker and database, Oilcan's with its log's{left_out}"
        f"\n\n{table(head, rows)}"
    )


def main() -> None:
    """Measure and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=100_000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--dry", action="store_true", help="print only, write no page")
    options = parser.parse_args()
    home = Path(tempfile.mkdtemp(prefix="oilcan-bench-"))
    home.chmod(0o755)
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, home)
        log = NatsEngine(home / "log", port=free_port(), mqtt_port=free_port())
        log_process = stack.enter_context(running(log))
        database = PostgresEngine(home / "database")
        (home / "database").mkdir()
        (home / "database").chmod(0o755)
        stack.enter_context(running(database))
        asyncio.run(migrate(database.url))
        port = stack.enter_context(mosquitto(home / "broker", "max_inflight_messages 2000"))
        place = Place(home, port, log, log_process.pid, database.url)
        register(place)
        text = report(place, options.messages, options.runs)
    print(text)
    if not options.dry:
        publish("collect", "python -m bench.collect", text)


def register(place: Place) -> None:
    """Make the points, a day for their readings, and what collectd writes with."""
    with psycopg.connect(place.database, autocommit=True) as connection:
        connection.execute(_REGISTER)
        connection.execute(_INSERT)
    asyncio.run(make_days(place.database))


async def make_days(url: str) -> None:
    connection = await connect(url, autocommit=True)
    async with connection.transaction():
        today = now_us() // DAY_US
        await ensure_days(connection, range(today - 1, today + 2))
    await connection.close()


if __name__ == "__main__":
    main()
