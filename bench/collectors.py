"""Ways to collect MQTT messages into the table `reading`: Oilcan's, and those it is compared with.

- Oilcan: `oilcan edge` (acknowledges once the log has it on disk), the log, and `oilcan ingest`.
- paho + COPY: `bench/paho_copy.py`. Acknowledges before it stores.
- Node-RED: `mqtt in` and one function that gathers rows while a statement runs and inserts them
  together (bench/peers/node-red). Acknowledges before it stores.
- collectd: plugins mqtt and postgresql, one statement a value, five writers; its payload is its own
  `time:value`. Acknowledges before it stores. Once with a commit for each statement, as it comes, and
  once tuned to commit each second.
"""

import json
import os
import shutil
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict

from oilcan.engines.nats_server import NatsEngine
from tests.acceptance.npm_peer import installed

COLLECTD = shutil.which("collectd", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
NODE = shutil.which("node")
_PEERS = Path(__file__).parent / "peers"

_SOURCES = """
sources:
  - type: mqtt
    name: bench
    connect: {connect}
{options}
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
    ClientId "{client}"
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
    CommitInterval {commit_s}
  </Database>
</Plugin>
"""


@dataclass(frozen=True, slots=True)
class Place:
    """Where everything is."""

    home: Path
    broker_port: int
    broker_pid: int
    log: NatsEngine
    log_pid: int
    database: str
    database_pid: int


@dataclass(frozen=True, slots=True)
class Subject:
    """One way to collect: its processes, and the form of what devices send to it."""

    name: str
    commands: Callable[[Place], list[list[str]]]
    topic: str = "plant/P-{}/load"
    payload: Callable[[int, int], str] = lambda n, _: str(n)
    environment: Callable[[Place], dict[str, str]] = lambda _: {}
    log_counts: bool = False
    qos: int = 1
    embedded: bool = False
    """Do devices publish to the broker in Oilcan's log, and not to Mosquitto?"""
    present: bool = True
    farewell: signal.Signals = signal.SIGTERM


def oilcan(place: Place, connect: str, options: str) -> list[list[str]]:
    """The two roles that bring a message into the table; the log runs all the time."""
    plant = place.home / "plant"
    plant.mkdir(exist_ok=True)
    (plant / "sources.yaml").write_text(_SOURCES.format(connect=connect, options=options))
    command = [sys.executable, "-m", "oilcan"]
    return [[*command, "edge", str(plant)], [*command, "ingest"]]


def over_mosquitto(place: Place) -> list[list[str]]:
    return oilcan(place, f"mqtt://127.0.0.1:{place.broker_port}", '    version: "3.1.1"')


def at_embedded(place: Place) -> list[list[str]]:
    return oilcan(place, "embedded", "    qos: 0")


def at_mosquitto_unacknowledged(place: Place) -> list[list[str]]:
    return oilcan(place, f"mqtt://127.0.0.1:{place.broker_port}", "    qos: 0")


def oilcan_environment(place: Place) -> dict[str, str]:
    return {
        "OILCAN_HOME": str(place.home / "oilcan"),
        "OILCAN_LOG_URL": place.log.url,
        "OILCAN_DATABASE_URL": place.database,
    }


def paho_copy(place: Place) -> list[list[str]]:
    return [[sys.executable, "-m", "bench.paho_copy", str(place.broker_port), place.database]]


def collectd(place: Place, *, commit_s: int) -> list[list[str]]:
    given = conninfo_to_dict(place.database)
    file = place.home / "collectd.conf"
    file.write_text(
        _COLLECTD_CONF.format(
            home=place.home,
            port=place.broker_port,
            client=f"collectd-bench-{commit_s}",
            database=given["dbname"],
            host=given["host"],
            database_port=given.get("port", "5432"),
            user=given["user"],
            commit_s=commit_s,
        )
    )
    return [[str(COLLECTD), "-f", "-C", str(file)]]


def node_red(place: Place, *, qos: int) -> list[list[str]]:
    """Node-RED with our flow, the broker's port and the function's code written into it."""
    own, home = _PEERS / "node-red", place.home / "node-red"
    home.mkdir(exist_ok=True)
    flows = (own / "flows.json").read_text()
    for mark, text in {
        "@PORT@": str(place.broker_port),
        "@QOS@": str(qos),
        "@INITIALIZE@": (own / "insert.js").read_text(),
        "@FUNCTION@": (own / "take.js").read_text(),
    }.items():
        flows = flows.replace(mark, json.dumps(text)[1:-1])
    (home / "flows.json").write_text(flows)
    program = installed("node-red", _PEERS) / "node_modules/node-red/red.js"
    return [
        [str(NODE), str(program), "--userDir", str(home), "--settings", str(own / "settings.js")]
    ]


def node_red_environment(place: Place) -> dict[str, str]:
    given = conninfo_to_dict(place.database)
    return {
        "NODE_PATH": str(installed("node-red", _PEERS) / "node_modules"),
        "BENCH_FLOWS": str(place.home / "node-red/flows.json"),
        "BENCH_HOST": str(given["host"]),
        "BENCH_PORT": str(given.get("port", "5432")),
        "BENCH_USER": str(given["user"]),
        "BENCH_DATABASE": str(given["dbname"]),
    }


def _timed(n: int, us: int) -> str:
    return f"{us / 1e6 + n / 1e3:.3f}:{n}"


OVER_MOSQUITTO = (
    Subject("Oilcan", over_mosquitto, environment=oilcan_environment, log_counts=True),
    Subject("paho + COPY", paho_copy),
    Subject(
        "Node-RED, batched",
        lambda place: node_red(place, qos=1),
        environment=node_red_environment,
        present=NODE is not None,
        # Told to end it would unsubscribe, and the broker would hold nothing for it.
        farewell=signal.SIGKILL,
    ),
    Subject(
        "collectd, tuned: a commit each second",
        lambda place: collectd(place, commit_s=1),
        topic="plant/P-{}/load/gauge",
        payload=_timed,
        present=COLLECTD is not None,
    ),
    Subject(
        "collectd, a commit each value",
        lambda place: collectd(place, commit_s=0),
        topic="plant/P-{}/load/gauge",
        payload=_timed,
        present=COLLECTD is not None,
    ),
)

UNACKNOWLEDGED = (
    Subject(
        "Oilcan, embedded broker",
        at_embedded,
        environment=oilcan_environment,
        log_counts=True,
        qos=0,
        embedded=True,
    ),
    Subject(
        "Oilcan, Mosquitto",
        at_mosquitto_unacknowledged,
        environment=oilcan_environment,
        log_counts=True,
        qos=0,
    ),
    Subject(
        "Node-RED, batched, Mosquitto",
        lambda place: node_red(place, qos=0),
        environment=node_red_environment,
        qos=0,
        present=NODE is not None,
    ),
)
