"""A paho client as a source asks for it: version, login, TLS and how long the broker keeps us."""

import secrets
import ssl

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from edge.errors import SourceRefused
from edge.mqtt.source import MqttSource, Stay, Tls, Version
from edge.mqtt.stream import BrokerStream

_KEEPALIVE_S = 30
_FOR_EVER_S = 2**32 - 1


class StreamClient(paho.Client):
    """A paho client over a stream that somebody else opened."""

    _stream: BrokerStream

    def connect_over(self, stream: BrokerStream) -> None:
        """Begin the session."""
        self._stream = stream
        self.reconnect()

    def _create_socket(self) -> BrokerStream:
        # The one place where paho asks for its connection; its WebSockets come in by it too.
        return self._stream


def new_client(source: MqttSource, stay: Stay) -> StreamClient:
    """A client for one connection; it acknowledges nothing by itself."""
    five, passing = source.version is Version.V5, stay is Stay.PASSING
    client = StreamClient(
        CallbackAPIVersion.VERSION2,
        client_id=f"oilcan-look-{secrets.token_hex(6)}" if passing else source.session,
        clean_session=None if five else passing,
        protocol=MQTTProtocolVersion.MQTTv5 if five else MQTTProtocolVersion.MQTTv311,
        reconnect_on_failure=False,
        manual_ack=True,
    )
    address = source.address
    user = source.user or address.user
    if user is not None:
        client.username_pw_set(user, source.password or address.password)
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


def tls_context(source: MqttSource) -> ssl.SSLContext:
    """What we show to the broker, and whom we believe.

    Raises `SourceRefused` where a certificate cannot be used.
    """
    tls = source.tls or Tls()
    try:
        context = ssl.create_default_context(cafile=tls.ca)
        if tls.certificate is not None:
            context.load_cert_chain(tls.certificate, tls.key, password=lambda: "")
    except (OSError, ValueError) as error:
        files = ", ".join(filter(None, (tls.ca, tls.certificate, tls.key)))
        raise SourceRefused(f"a certificate cannot be used ({files}): {error}") from error
    return context
