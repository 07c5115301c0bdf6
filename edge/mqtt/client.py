"""A paho client as a source asks for it: version, login, TLS and how long the broker keeps us."""

import secrets
import ssl

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from edge.errors import SourceRefused
from edge.mqtt.source import MqttSource, Stay, Tls, Version

_KEEPALIVE_S = 30
_CONNECT_S = 5.0
_FOR_EVER_S = 2**32 - 1


def new_client(source: MqttSource, stay: Stay) -> paho.Client:
    """A client that connects when its thread starts; it acknowledges nothing by itself.

    Raises `SourceRefused` where a certificate cannot be used.
    """
    five, passing = source.version is Version.V5, stay is Stay.PASSING
    client = paho.Client(
        CallbackAPIVersion.VERSION2,
        client_id=f"oilcan-look-{secrets.token_hex(6)}" if passing else source.session,
        clean_session=None if five else passing,
        protocol=MQTTProtocolVersion.MQTTv5 if five else MQTTProtocolVersion.MQTTv311,
        reconnect_on_failure=False,
        manual_ack=True,
    )
    client.connect_timeout = _CONNECT_S
    address = source.address
    user = source.user or address.user
    if user is not None:
        client.username_pw_set(user, source.password or address.password)
    if address.scheme == "mqtts":
        client.tls_set_context(_tls_context(source.tls or Tls()))
    if five:
        client.connect_async(
            address.host,
            address.port,
            keepalive=_KEEPALIVE_S,
            clean_start=passing,
            properties=_properties(source, stay),
        )
    else:
        client.connect_async(address.host, address.port, keepalive=_KEEPALIVE_S)
    return client


def _properties(source: MqttSource, stay: Stay) -> Properties:
    properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
    lasting_s = min(source.session_expiry_us // 1_000_000, _FOR_EVER_S)
    properties.SessionExpiryInterval = lasting_s if stay is Stay.LASTING else 0
    properties.ReceiveMaximum = source.receive_maximum
    return properties


def _tls_context(tls: Tls) -> ssl.SSLContext:
    """What we show to the broker, and whom we believe."""
    try:
        context = ssl.create_default_context(cafile=tls.ca)
        if tls.certificate is not None:
            context.load_cert_chain(tls.certificate, tls.key, password=lambda: "")
    except (OSError, ValueError) as error:
        files = ", ".join(filter(None, (tls.ca, tls.certificate, tls.key)))
        raise SourceRefused(f"a certificate cannot be used ({files}): {error}") from error
    return context
