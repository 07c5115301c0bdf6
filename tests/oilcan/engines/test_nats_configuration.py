"""The server's configuration says who may say and hear what, and is quoted whatever it is given."""

import json
from pathlib import Path
from typing import Any

from oilcan.engines.nats_configuration import (
    GatewayListener,
    HubAddress,
    NatsConfiguration,
    Tls,
    render,
)


def told(**given: Any) -> dict[str, Any]:
    basis = {"name": "n", "port": 1, "store": Path("/s"), "max_file_bytes": 5, "password": "pw"}
    parsed: dict[str, Any] = json.loads(render(NatsConfiguration(**{**basis, **given})))
    return parsed


def user(server: dict[str, Any], name: str) -> dict[str, Any]:
    (found,) = [each for each in server["accounts"]["PLANT"]["users"] if each["user"] == name]
    return dict(found)


def test_nothing_is_confirmed_before_it_is_on_disk() -> None:
    assert told()["jetstream"]["sync_interval"] == "always"


def test_a_server_is_hub_and_broker_only_where_it_is_told() -> None:
    assert not {"leafnodes", "mqtt"} & told().keys()
    server = told(mqtt=("::1", 1883), gateways=GatewayListener("0.0.0.0", 7422))  # noqa: S104
    assert server["mqtt"]["listen"] == "[::1]:1883"
    assert server["leafnodes"] == {"listen": "0.0.0.0:7422"}


def test_gateways_come_by_their_own_way_and_hear_nothing_of_others() -> None:
    server = told(gateways=GatewayListener("::", 7422), gateway_password="g")
    gateway = user(server, "gateway")
    assert gateway["allowed_connection_types"] == ["LEAFNODE"]
    assert gateway["permissions"]["subscribe"] == {"allow": ["oilcan.command.>", "_GATEWAY.>"]}


def test_devices_cannot_answer_a_gateway_in_the_logs_name() -> None:
    assert "_GATEWAY.>" in user(told(), "device")["permissions"]["publish"]["deny"]


def test_a_link_is_encrypted_where_there_are_certificates() -> None:
    files = Tls(Path("/c.pem"), Path("/k.pem"))
    hub = told(gateways=GatewayListener("::", 7422, files))
    assert hub["leafnodes"]["tls"] == {"cert_file": "/c.pem", "key_file": "/k.pem"}
    gateway = told(hub=HubAddress("tls://g:p@hub:7422", Path("/ca.pem")))
    assert gateway["leafnodes"]["remotes"] == [
        {"url": "tls://g:p@hub:7422", "account": "HUB", "tls": {"ca_file": "/ca.pem"}}
    ]


def test_a_gateways_log_is_a_domain_of_its_own_and_the_hub_an_account_of_its_own() -> None:
    server = told(name="gateway-x", hub=HubAddress("nats://g:p@hub:7422"))
    assert server["jetstream"]["domain"] == "gateway-x"
    assert list(server["accounts"]) == ["PLANT", "HUB"]
    assert "jetstream" not in server["accounts"]["HUB"]


def test_secrets_are_not_in_what_is_printed_of_them() -> None:
    address = HubAddress("nats://g:secret@hub:7422")
    whole = NatsConfiguration("n", 1, Path("/s"), 5, "secret", hub=address)
    assert "secret" not in repr(whole)
