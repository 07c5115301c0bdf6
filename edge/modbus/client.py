"""Opens the library's client over any link."""

import asyncio
import ssl
import termios
from collections.abc import Callable

from pymodbus.client.base import ModbusBaseClient
from pymodbus.framer import FramerType
from pymodbus.transport import CommParams, CommType

from edge.errors import SourceLost, SourceRefused
from edge.modbus.link import Link, NetworkLink, Scheme, SerialLink
from edge.modbus.source import TlsFiles

_BITS_OF_A_CHARACTER = 8


async def open_client(
    link: Link, tls: TlsFiles, *, timeout_s: float, lost: Callable[[], None]
) -> ModbusBaseClient:
    """A connected client that neither retries nor reconnects; `lost` is called when the peer goes.

    Raises `SourceLost`, or `SourceRefused` where TLS does not come about.
    """
    parameters = CommParams(timeout_connect=timeout_s, reconnect_delay=0)
    if isinstance(link, NetworkLink):
        framer = _set_network(parameters, link, tls)
    else:
        framer = _set_serial(parameters, link)

    def changed(connected: bool) -> None:
        if not connected:
            lost()

    client = ModbusBaseClient(framer, 0, parameters, None, None, changed)
    try:
        # As the client's own `connect` does, which keeps to itself why it failed.
        client.ctx.transport, _ = await asyncio.wait_for(client.ctx.call_create(), timeout_s)
    except ssl.SSLError as error:
        client.close()
        raise SourceRefused(f"no TLS with {link}: {error}") from error
    except (termios.error, ValueError) as error:
        client.close()
        raise SourceRefused(f"{link} does not take its settings: {error}") from error
    except OSError as error:
        client.close()
        why = str(error) or f"no answer within {timeout_s:g} s"
        raise SourceLost(f"cannot connect to {link}: {why}") from error
    except BaseException:
        client.close()
        raise
    return client


def _set_network(parameters: CommParams, link: NetworkLink, tls: TlsFiles) -> FramerType:
    parameters.comm_type = CommType.TCP
    parameters.host, parameters.port = link.host, link.port
    if link.scheme is Scheme.TLS:
        parameters.comm_type = CommType.TLS
        parameters.sslctx = _context(tls)
    return FramerType.RTU if link.scheme is Scheme.RTU_OVER_TCP else FramerType.SOCKET


def _set_serial(parameters: CommParams, link: SerialLink) -> FramerType:
    parameters.comm_type = CommType.SERIAL
    parameters.host, parameters.baudrate = link.device, link.baud
    parameters.bytesize = _BITS_OF_A_CHARACTER
    parameters.parity, parameters.stopbits = link.parity, link.stop_bits
    return FramerType.RTU


def _context(tls: TlsFiles) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=tls.ca)
        if tls.cert is not None:
            context.load_cert_chain(tls.cert, tls.key)
    except OSError as error:
        raise SourceRefused(f"the files of `tls` cannot be used: {error}") from error
    return context
