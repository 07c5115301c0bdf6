"""What the embedded NATS server is told: its configuration file as text. Pure.

A hub lets gateways in as leaf nodes; a gateway has a link to its hub. Both sides stay apart: the
gateway's own log is in the account PLANT, the link ends in the account HUB, and what is said there
is said at the hub, so neither side's log hears the other's publishers. At the hub each gateway has an
account of its own. What passes between that and PLANT is named one by one, so a gateway that was
stolen can speak for itself alone, hears nothing, and is shut out by its account's end.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

LOG_USER, HUB_USER = "oilcan", "hub"

# A device can neither read nor forge what the log holds: neither its subjects nor the inboxes through
# which it answers its readers and publishers.
_SERVERS = ("$JS.>", "$SYS.>")
_PRIVATE = ("oilcan.>", "_INBOX.>", *_SERVERS)
_GATEWAY = "GATEWAY_"
# What a gateway of a name says: its records, whose last word is the edge, and its state.
_SAYS = (
    "oilcan.readings.*.{}",
    "oilcan.alarms.*.{}",
    "oilcan.rejects.*.{}",
    "oilcan.status.edge.{}",
)
# What it is asked; an answer passes with the question.
_ASKED = ("oilcan.command.*.{}",)

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
    gateway_passwords: Mapping[str, str] = field(default_factory=dict, repr=False)
    hub: HubAddress | None = None


def render(configuration: NatsConfiguration) -> str:
    """The text of the configuration file, which JSON is."""
    return _text(_server(configuration))


def with_gateways(text: str, passwords: Mapping[str, str]) -> str:
    """The text of a hub's configuration, in which these gateways take the place of all others."""
    server: dict[str, Any] = json.loads(text)
    others = {k: v for k, v in server["accounts"].items() if not k.startswith(_GATEWAY)}
    server["accounts"] = _with_gateways(others, passwords)
    return _text(server)


def _text(server: Block) -> str:
    return json.dumps(server, indent=2, ensure_ascii=False) + "\n"


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


def _accounts(told: NatsConfiguration) -> Mapping[str, Block]:
    users: list[Block] = [{"user": LOG_USER, "password": told.password}, _device()]
    accounts: dict[str, Block] = {"PLANT": {"jetstream": "enabled", "users": users}}
    if told.hub:
        accounts["HUB"] = {"users": [{"user": HUB_USER, "password": told.password}]}
    return _with_gateways(accounts, told.gateway_passwords if told.gateways else {})


def _with_gateways(
    accounts: Mapping[str, Block], passwords: Mapping[str, str]
) -> Mapping[str, Block]:
    """The accounts, and one for each gateway, joined to PLANT by what passes between them."""
    plant = accounts["PLANT"] | {
        "exports": [
            _given(told, _GATEWAY + name) for name in passwords for told in _of(name, _SAYS)
        ],
        "imports": [
            _taken(told, _GATEWAY + name) for name in passwords for told in _of(name, _ASKED)
        ],
    }
    own = {_GATEWAY + name: _gateway(name, password) for name, password in passwords.items()}
    return {**accounts, "PLANT": plant, **own}


def _gateway(name: str, password: str) -> Block:
    return {
        "users": [_user(name, password, "LEAFNODE", _SERVERS)],
        "exports": [_given(told, "PLANT") for told in _of(name, _ASKED)],
        "imports": [_taken(told, "PLANT") for told in _of(name, _SAYS)],
    }


def _of(name: str, subjects: Sequence[str]) -> list[str]:
    return [subject.format(name) for subject in subjects]


def _given(subject: str, account: str) -> Block:
    return {"service": subject, "accounts": [account]}


def _taken(subject: str, account: str) -> Block:
    return {"service": {"account": account, "subject": subject}}


def _device() -> Block:
    """Devices come over MQTT without a login."""
    return _user("device", "", "MQTT", _PRIVATE)


def _user(name: str, password: str, way: str, denied: Sequence[str]) -> Block:
    return {
        "user": name,
        "password": password,
        "allowed_connection_types": [way],
        "permissions": {"publish": {"deny": denied}, "subscribe": {"deny": denied}},
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
