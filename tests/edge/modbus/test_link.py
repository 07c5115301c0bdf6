"""`connect` of a source is read into its parts, or refused with what would be right."""

import pytest

from edge.modbus.link import (
    Link,
    NetworkLink,
    Scheme,
    SerialLink,
    frame_s,
    means_every_device,
    parse_link,
)


@pytest.mark.parametrize(
    ("text", "link"),
    [
        ("tcp://plc", NetworkLink(Scheme.TCP, "plc", 502)),
        ("rtu+tcp://10.0.0.6:4001", NetworkLink(Scheme.RTU_OVER_TCP, "10.0.0.6", 4001)),
        ("tls://plc", NetworkLink(Scheme.TLS, "plc", 802)),
        ("serial:///dev/ttyUSB0", SerialLink("/dev/ttyUSB0", 9600, "N", 1)),
        ("serial:///dev/ttyS1?baud=19200&parity=E", SerialLink("/dev/ttyS1", 19200, "E", 1)),
        ("serial:///dev/ttyS1?stop=2&parity=O", SerialLink("/dev/ttyS1", 9600, "O", 2)),
    ],
)
def test_a_link_is_read_into_its_parts(text: str, link: Link) -> None:
    assert parse_link(text) == link


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("10.0.0.5:502", "is no way to a Modbus device | Write tcp://host"),
        ("udp://plc", "is no way to a Modbus device"),
        ("tcp://", "not an address of the form tcp://host:port"),
        ("tls://plc:x", "is not an address"),
        ("serial://", "names no serial port"),
        ("serial:///dev/ttyS1?speed=9600", "has 'speed' | A serial line has baud"),
        ("serial:///dev/ttyS1?baud=fast", "has baud 'fast'"),
        ("serial:///dev/ttyS1?baud=0", "has baud '0'"),
        ("serial:///dev/ttyS1?parity=even", "has parity 'even' | Write N, E, O"),
        ("serial:///dev/ttyS1?stop=3", "has stop '3' | Write 1, 2"),
    ],
)
def test_what_is_no_link_is_refused(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=r".* \| ") as refused:
        parse_link(text)
    assert message in str(refused.value)


@pytest.mark.parametrize(
    ("text", "unit", "every_device"),
    [
        ("serial:///dev/ttyS0", 0, True),
        ("rtu+tcp://gateway:4001", 0, True),
        ("tcp://plc", 0, False),
        ("tls://plc", 0, False),
        ("serial:///dev/ttyS0", 1, False),
    ],
)
def test_unit_0_means_every_device_where_frames_are_rtu(
    text: str, unit: int, every_device: bool
) -> None:
    assert means_every_device(parse_link(text), unit) is every_device


def test_a_frame_takes_as_long_as_the_line_is_slow() -> None:
    assert frame_s(parse_link("tcp://10.0.0.5")) == 0.0
    assert frame_s(parse_link("serial:///dev/ttyS0?baud=28160")) == 0.1
    assert frame_s(parse_link("rtu+tcp://10.0.0.6")) == frame_s(parse_link("serial:///dev/ttyS0"))
