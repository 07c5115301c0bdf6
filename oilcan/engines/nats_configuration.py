"""What the embedded NATS server is told: its configuration file as text. Pure.

A hub lets gateways in as leaf nodes; a gateway has a link to its hub. Both sides stay apart: the
gateway's own log is in the account PLANT, the link ends in the account HUB, and what is said there
is said at the hub, so neither side's log hears the other's publishers.
"""

import json
from dataclasses import dataclass, field
from pathlib import Path

LOG_USER, GATEWAY_USER, HUB_USER = "oilcan", "gateway", "hub"

# A device can neither read nor forge what the log holds: neither its subjects nor the inboxes through
# which it answers its readers and publishers.
_PRIVATE = ("oilcan.>", "_INBOX.>", "_GATEWAY.>", "$JS.>", "$SYS.>")
# A gateway appends, tells its state and answers commands; it reads nothing of other edges.
_GATEWAY_SAYS = ("oilcan.>", "_INBOX.>")
_GATEWAY_HEARS = ("oilcan.command.>", "_GATEWAY.>")

Block = dict[str, object]


@dataclass(frozen=True, slots=True)
class Tls:
    """Files by which a server shows who it is."""

    certificate: Path
    key: Path


@dataclass(frozen=True, slots=True)
class GatewayListener:
    """Where a hub lets gateways in."""

    host: str
    port: int
    tls: Tls | None = None


@dataclass(frozen=True, slots=True)
class HubAddress:
    """A gateway's hub, with the login in its URL, and the authority of its certificate."""

    url: str = field(repr=False)
    ca: Path | None = None


@dataclass(frozen=True, slots=True)
class NatsConfiguration:
    """What a server is told; without `mqtt` it is no broker."""

    name: str
    port: int
    store: Path
    max_file_bytes: int
    password: str = field(repr=False)
    mqtt: tuple[str, int] | None = None
    mqtt_ack_wait_s: int = 10
    gateways: GatewayListener | None = None
    gateway_password: str = field(default="", repr=False)
    hub: HubAddress | None = None


def render(configuration: NatsConfiguration) -> str:
    """The text of the configuration file, which JSON is."""
    return json.dumps(_server(configuration), indent=2, ensure_ascii=False) + "\n"


def _server(told: NatsConfiguration) -> Block:
    # Nothing is confirmed before it is on disk.
    store: Block = {"store_dir": str(told.store), "sync_interval": "always"}
    server: Block = {
        "server_name": told.name,
        "listen": f"127.0.0.1:{told.port}",
        "max_payload": 8 * 1024**2,
        # A link that is cut without a word is noticed within a quarter of a minute.
        "ping_interval": "5s",
        "ping_max": 2,
        "jetstream": store | {"max_file": told.max_file_bytes},
        "accounts": _accounts(told),
        "no_auth_user": "device",
    }
    if told.mqtt:
        host, port = told.mqtt
        server["mqtt"] = {
            "listen": _listen(host, port),
            "ack_wait": f"{told.mqtt_ack_wait_s}s",
            "max_ack_pending": 5000,
        }
    if told.gateways:
        server["leafnodes"] = _listener(told.gateways)
    if told.hub:
        server["jetstream"] = store | {"max_file": told.max_file_bytes, "domain": told.name}
        server["leafnodes"] = {"remotes": [_remote(told.hub)]}
    return server


def _accounts(told: NatsConfiguration) -> Block:
    users: list[Block] = [{"user": LOG_USER, "password": told.password}, _device()]
    if told.gateways:
        users.append(_gateway(told.gateway_password))
    accounts: Block = {"PLANT": {"jetstream": "enabled", "users": users}}
    if told.hub:
        accounts["HUB"] = {"users": [{"user": HUB_USER, "password": told.password}]}
    return accounts


def _device() -> Block:
    """Devices come over MQTT without a login."""
    permissions: Block = {"publish": {"deny": _PRIVATE}, "subscribe": {"deny": _PRIVATE}}
    return _user("device", "", "MQTT", permissions)


def _gateway(password: str) -> Block:
    permissions: Block = {
        "publish": {"allow": _GATEWAY_SAYS},
        "subscribe": {"allow": _GATEWAY_HEARS},
    }
    return _user(GATEWAY_USER, password, "LEAFNODE", permissions)


def _user(name: str, password: str, way: str, permissions: Block) -> Block:
    return {
        "user": name,
        "password": password,
        "allowed_connection_types": [way],
        "permissions": permissions,
    }


def _listener(gateways: GatewayListener) -> Block:
    listener: Block = {"listen": _listen(gateways.host, gateways.port)}
    if gateways.tls:
        files = gateways.tls
        listener["tls"] = {"cert_file": str(files.certificate), "key_file": str(files.key)}
    return listener


def _remote(hub: HubAddress) -> Block:
    remote: Block = {"url": hub.url, "account": "HUB"}
    if hub.ca:
        remote["tls"] = {"ca_file": str(hub.ca)}
    return remote


def _listen(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
