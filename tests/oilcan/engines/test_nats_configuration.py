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
    with_gateways,
)


def configuration(**given: Any) -> NatsConfiguration:
    basis = {"name": "n", "port": 1, "store": Path("/s"), "max_file_bytes": 5, "password": "pw"}
    return NatsConfiguration(**{**basis, **given})


def told(**given: Any) -> dict[str, Any]:
    parsed: dict[str, Any] = json.loads(render(configuration(**given)))
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


def test_each_gateway_has_an_account_that_only_its_link_comes_to() -> None:
    listener = GatewayListener("::", 7422)
    server = told(gateways=listener, gateway_passwords={"hall": "x", "roof": "y"})
    (login,) = server["accounts"]["GATEWAY_hall"]["users"]
    assert (login["user"], login["password"]) == ("hall", "x")
    assert login["allowed_connection_types"] == ["LEAFNODE"]
    for side in ("exports", "imports"):
        assert "roof" not in json.dumps(server["accounts"]["GATEWAY_hall"][side])


def test_gateways_that_are_put_in_later_are_as_if_they_had_been_there() -> None:
    listener = GatewayListener("::", 7422)
    before = render(configuration(gateways=listener, gateway_passwords={"hall": "x"}))
    after = render(configuration(gateways=listener, gateway_passwords={"roof": "y"}))
    assert with_gateways(before, {"roof": "y"}) == after


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
