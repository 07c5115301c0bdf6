"""What `oilcan up` runs on this machine, worked out before anything starts: pure."""

import os
import signal
import socket
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from config.errors import SettingsError
from config.settings import Settings
from oilcan.child import Program
from oilcan.engines.nats_configuration import GatewayListener, Tls
from oilcan.engines.nats_server import NatsEngine
from oilcan.engines.postgres import PostgresEngine
from oilcan.settings import EngineSettings

_WORKERS = ("ingest", "conditions", "maintenance")
# PostgreSQL's fast shutdown writes a checkpoint; killed, it would need recovery at the next start.
_POSTGRES_GRACE_S = 20.0
# The embedded broker's own streams (sessions, waiting messages) need room beside the log's.
_BROKER_BYTES = 8 * 1024**3
_ANY_HOST = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - how to reach such a listener


@dataclass(frozen=True, slots=True)
class Machine:
    """Engines and addresses of this machine; an engine is None where someone else runs it."""

    settings: Settings
    http_port: int
    postgres: PostgresEngine | None
    nats: NatsEngine | None
    plant: Path | None = None
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def home(self) -> Path:
        return self.settings.home

    @property
    def database_url(self) -> str:
        return self.postgres.url if self.postgres else self.settings.database_url

    @property
    def log_url(self) -> str:
        return self.nats.url if self.nats else self.settings.log_url

    @property
    def http_host(self) -> str:
        """Host at which this machine itself reaches the pages."""
        return _ANY_HOST.get(self.settings.http_host, self.settings.http_host)

    @property
    def http_url(self) -> str:
        host = f"[{self.http_host}]" if ":" in self.http_host else self.http_host
        return f"http://{host}:{self.http_port}"


def plan_machine(
    settings: Settings, engines: EngineSettings, *, ports: Mapping[str, int]
) -> Machine:
    """The machine that settings ask for.

    `ports` has `http`, where it needs them `log` and `mqtt`, and `gateways` where some may come.
    """
    return Machine(
        settings=settings,
        http_port=ports["http"],
        postgres=None if settings.database_url else PostgresEngine(settings.home),
        nats=None if settings.log_url else _nats(settings, engines, ports),
    )


def _nats(settings: Settings, engines: EngineSettings, ports: Mapping[str, int]) -> NatsEngine:
    return NatsEngine(
        settings.home,
        port=ports["log"],
        mqtt_port=ports["mqtt"],
        mqtt_host=engines.mqtt_host,
        max_file_bytes=settings.log_max_bytes + _BROKER_BYTES,
        gateways=_gateways(engines, ports["gateways"]) if "gateways" in ports else None,
    )


def _gateways(engines: EngineSettings, port: int) -> GatewayListener:
    certificate, key = engines.gateway_certificate, engines.gateway_key
    if (certificate is None) != (key is None):
        raise SettingsError("OILCAN_GATEWAY_CERTIFICATE and OILCAN_GATEWAY_KEY go together")
    tls = Tls(certificate, key) if certificate and key else None
    return GatewayListener(engines.gateway_host, port, tls)


def engine_program(engine: PostgresEngine | NatsEngine) -> Program:
    """How an engine is kept running."""
    postgres = isinstance(engine, PostgresEngine)
    return Program(
        name=engine.name,
        command=engine.command(),
        environment=os.environ,
        ready=engine.ready,
        stop_signal=engine.stop_signal,
        parent_gone=engine.stop_signal,
        grace_s=_POSTGRES_GRACE_S if postgres else 3.0,
    )


def role_programs(machine: Machine) -> list[Program]:
    """How the roles are kept running; without a plant folder there is nothing to collect from."""
    edge = [_role(machine, "edge", str(machine.plant))] if machine.plant else []
    serve = _role(machine, "serve", ready=lambda: _listens(machine.http_host, machine.http_port))
    return [*edge, *(_role(machine, name) for name in _WORKERS), serve]


def _role(
    machine: Machine, name: str, *words: str, ready: Callable[[], bool] | None = None
) -> Program:
    # A role may be killed at any instant; so, when we are gone, it is.
    return Program(
        name=name,
        command=oilcan_command(name, *words),
        environment=environment_of(machine),
        ready=ready,
        parent_gone=signal.SIGKILL,
    )


def oilcan_command(*words: str) -> list[str]:
    """A command line of this very program. `-P`: a folder named `config` here is not our package."""
    return [sys.executable, "-P", "-m", "oilcan", *words]


def environment_of(machine: Machine) -> dict[str, str]:
    """What the processes of a machine are told: its settings, its addresses, our own code's place."""
    given = {f"OILCAN_{name.upper()}": str(value) for name, value in machine.settings}
    given |= {
        "OILCAN_DATABASE_URL": machine.database_url,
        "OILCAN_LOG_URL": machine.log_url,
        "OILCAN_HTTP_PORT": str(machine.http_port),
        "PYTHONUNBUFFERED": "1",
    }
    if machine.nats:
        given["OILCAN_MQTT_PORT"] = str(machine.nats.mqtt_port)
    return {**os.environ, **machine.environment, **given, **_code_path()}


def _code_path() -> dict[str, str]:
    """Have processes run the code that we run, also from a checkout that is not installed."""
    root = Path(__file__).parent.parent
    installed = root.name in {"site-packages", "dist-packages"}
    told = os.environ.get("PYTHONPATH")
    return {} if installed else {"PYTHONPATH": os.pathsep.join(filter(None, (str(root), told)))}


def _listens(host: str, port: int) -> bool:
    try:
        with socket.create_connection((host, port), timeout=1):
            return True
    except OSError:
        return False
