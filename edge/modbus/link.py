"""The way to a Modbus device: `connect` of a source, in parts. Pure."""

from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import parse_qsl, urlsplit

from edge.source import parse_address

_PARITIES = ("N", "E", "O")
_STOP_BITS = ("1", "2")
_FASTEST_BAUD = 4_000_000
_BROADCAST = 0
_USUAL_BAUD = 9600
# 256 characters of a start bit, eight bits, parity and a stop bit.
_LONGEST_FRAME_BITS = 256 * 11


class Scheme(StrEnum):
    """What stands before `://`."""

    TCP = "tcp"
    RTU_OVER_TCP = "rtu+tcp"
    TLS = "tls"
    SERIAL = "serial"


_PORTS = {Scheme.TCP: 502, Scheme.RTU_OVER_TCP: 502, Scheme.TLS: 802}


@dataclass(frozen=True, slots=True)
class NetworkLink:
    """A device or gateway in the network."""

    scheme: Scheme
    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class SerialLink:
    """A serial line to one or more devices; characters have eight bits."""

    device: str
    baud: int = 9600
    parity: str = "N"
    stop_bits: int = 1

    def __str__(self) -> str:
        return self.device


Link = NetworkLink | SerialLink


def numbers_requests(link: Link) -> bool:
    """Has each request a number that its answer repeats? RTU frames have none."""
    return isinstance(link, NetworkLink) and link.scheme is not Scheme.RTU_OVER_TCP


def frame_s(link: Link) -> float:
    """How long the longest RTU frame is on the line; behind a converter, one of usual speed."""
    if numbers_requests(link):
        return 0.0
    baud = link.baud if isinstance(link, SerialLink) else _USUAL_BAUD
    return _LONGEST_FRAME_BITS / baud


def means_every_device(link: Link, unit: int) -> bool:
    """Does every device on the line obey a write to the unit? Behind TCP, 0 is the peer itself."""
    return unit == _BROADCAST and not numbers_requests(link)


def parse_link(text: str) -> Link:
    """The link that `connect` describes. Raises `ValueError` with problem and remedy."""
    scheme = text.partition("://")[0]
    if scheme not in list(Scheme):
        ways = "tcp://host, rtu+tcp://host:port, tls://host or serial:///dev/ttyUSB0?baud=9600"
        raise ValueError(f"is no way to a Modbus device | Write {ways}")
    if scheme == Scheme.SERIAL:
        return _parse_serial(text)
    address = parse_address(text, scheme=scheme, port=_PORTS[Scheme(scheme)])
    return NetworkLink(Scheme(scheme), address.host, address.port)


def _parse_serial(text: str) -> SerialLink:
    parts = urlsplit(text)
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    device = parts.netloc + parts.path
    if not device:
        raise ValueError("names no serial port | Write serial:///dev/ttyUSB0?baud=9600&parity=N")
    if unknown := sorted(options.keys() - {"baud", "parity", "stop"}):
        raise ValueError(f"has {unknown[0]!r} | A serial line has baud, parity and stop")
    baud = options.get("baud", "9600")
    if not (baud.isdecimal() and 0 < int(baud) <= _FASTEST_BAUD):
        raise ValueError(f"has baud {baud!r} | Write a rate such as 9600 or 19200")
    parity = _one_of(_PARITIES, options.get("parity", "N"), "parity")
    stop = _one_of(_STOP_BITS, options.get("stop", "1"), "stop")
    return SerialLink(device, int(baud), parity, int(stop))


def _one_of(allowed: tuple[str, ...], found: str, what: str) -> str:
    if found not in allowed:
        raise ValueError(f"has {what} {found!r} | Write {', '.join(allowed)}")
    return found
