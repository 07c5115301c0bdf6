"""One connection over each link, and what it makes of bad answers, lateness and loss."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from pymodbus.framer import FramerType
from pymodbus.server import ModbusSerialServer, ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from edge.errors import DeviceRefused, DeviceSilent, SourceLost, SourceRefused
from edge.modbus.connection import ModbusConnection, RegisterWrite
from edge.modbus.link import parse_link
from edge.modbus.plan import Block
from edge.modbus.registers import Table
from edge.modbus.source import TlsFiles
from oilcan.engines.process import free_port
from tests.edge.modbus.authority import Authority
from tests.edge.modbus.device import WritableDevice
from tests.edge.modbus.serial_line import serial_line
from tests.edge.modbus.wire import answering, refusal, span, words

FIRST = Block(Table.HOLDING, 10, 2, ())
SECOND = Block(Table.HOLDING, 50, 2, ())
FILES = TlsFiles()


@pytest.fixture
def port() -> int:
    return free_port()


def device(**more: Any) -> SimDevice:
    """A hundred holding registers, each with its own address in it."""
    words = SimData(0, values=list(range(100)), datatype=DataType.REGISTERS)
    return SimDevice(1, simdata=[words], **more)


def connection(connect: str, tls: TlsFiles = FILES, *, timeout_s: float = 5.0) -> ModbusConnection:
    return ModbusConnection(parse_link(connect), tls, timeout_s=timeout_s)


@asynccontextmanager
async def running(server: Any) -> AsyncIterator[None]:
    await server.serve_forever(background=True)
    try:
        yield
    finally:
        await server.shutdown()


class LateOnce:
    """Holds the first answer back until the client has given up on it."""

    def __init__(self) -> None:
        self.given_up = asyncio.Event()
        self._asked = 0

    async def hold(self, *_: Any) -> None:
        self._asked += 1
        if self._asked == 1:
            await self.given_up.wait()


async def test_registers_are_read_in_rtu_frames_over_tcp(port: int) -> None:
    server = ModbusTcpServer([device()], address=("127.0.0.1", port), framer=FramerType.RTU)
    async with running(server), connection(f"rtu+tcp://127.0.0.1:{port}") as line:
        assert await line.read(1, FIRST) == [10, 11]


@pytest.mark.parametrize(
    ("scheme", "framer"), [("tcp", FramerType.SOCKET), ("rtu+tcp", FramerType.RTU)]
)
async def test_a_late_answer_is_never_taken_for_the_next_request(
    port: int, scheme: str, framer: FramerType
) -> None:
    """RTU frames have no number: only a new connection keeps 10 from being read as 50."""
    late = LateOnce()
    server = ModbusTcpServer([device(action=late.hold)], address=("127.0.0.1", port), framer=framer)
    async with running(server), connection(f"{scheme}://127.0.0.1:{port}") as line:
        with pytest.raises(DeviceSilent, match="no answer within"):
            await line.read(1, FIRST, patience_s=0.1)
        late.given_up.set()
        assert await line.read(1, SECOND) == [50, 51]


async def test_a_request_that_is_given_up_from_outside_leaves_no_answer_behind(port: int) -> None:
    late = LateOnce()
    server = ModbusTcpServer(
        [device(action=late.hold)], address=("127.0.0.1", port), framer=FramerType.RTU
    )
    async with running(server), connection(f"rtu+tcp://127.0.0.1:{port}") as line:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(line.read(1, FIRST), 0.1)
        late.given_up.set()
        assert await line.read(1, SECOND) == [50, 51]


async def test_an_answer_that_is_too_short_is_no_answer(port: int) -> None:
    def one_word(_unit: int, request: bytes) -> bytes:
        return request[:1] + b"\2\0\1"

    async with answering(port, one_word), connection(f"tcp://127.0.0.1:{port}") as line:
        with pytest.raises(DeviceSilent, match="does not have the 2 values"):
            await line.read(1, FIRST)


@pytest.mark.parametrize("data", [b"", b"\2\0\1", b"\6\0\1\0\2\0\3"])
async def test_an_answer_of_any_other_length_is_no_answer(port: int, data: bytes) -> None:
    async with (
        answering(port, lambda _, request: request[:1] + data),
        connection(f"tcp://127.0.0.1:{port}", timeout_s=0.5) as line,
    ):
        with pytest.raises(DeviceSilent):
            await line.read(1, FIRST)


@pytest.mark.parametrize("data", [b"\1\xff", b"\3\xff\xff\xff"])
async def test_bits_of_any_other_number_are_no_answer(port: int, data: bytes) -> None:
    async with (
        answering(port, lambda _, request: request[:1] + data),
        connection(f"tcp://127.0.0.1:{port}", timeout_s=0.5) as line,
    ):
        with pytest.raises(DeviceSilent):
            await line.read(1, Block(Table.COIL, 0, 10, ()))


async def test_bits_come_in_the_order_of_their_addresses(port: int) -> None:
    """The library has changed its mind about the order of bits three times."""
    async with (
        answering(port, lambda _, request: request[:1] + b"\2\x0d\2"),
        connection(f"tcp://127.0.0.1:{port}") as line,
    ):
        bits = await line.read(1, Block(Table.DISCRETE, 0, 10, ()))
    assert [int(bit) for bit in bits] == [1, 0, 1, 1, 0, 0, 0, 0, 0, 1]


async def test_a_request_without_an_answer_is_sent_once(port: int) -> None:
    """The library would repeat it inside its lock, and all other units behind it would wait."""
    asked: list[bytes] = []

    def silent(_unit: int, request: bytes) -> None:
        asked.append(request)

    async with answering(port, silent), connection(f"tcp://127.0.0.1:{port}") as line:
        with pytest.raises(DeviceSilent, match="no answer within"):
            await line.read(1, FIRST, patience_s=0.3)
    assert len(asked) == 1


async def test_requests_that_are_asked_for_together_take_turns(port: int) -> None:
    asked: list[tuple[int, int]] = []

    def answer(_unit: int, request: bytes) -> bytes:
        asked.append(span(request))
        return words(request)

    async with answering(port, answer), connection(f"tcp://127.0.0.1:{port}") as line:
        blocks = [Block(Table.HOLDING, 10 * at, 2, ()) for at in range(5)]
        found = await asyncio.gather(*(line.read(1, block) for block in blocks))
    assert found == [[10 * at, 10 * at + 1] for at in range(5)]
    assert asked == [(10 * at, 2) for at in range(5)]


async def test_a_write_waits_for_the_request_under_way_and_delays_the_next_by_itself(
    port: int,
) -> None:
    device = WritableDevice()
    order = RegisterWrite(6, 3, (7,))
    async with answering(port, device.answer), connection(f"tcp://127.0.0.1:{port}") as line:
        first = asyncio.create_task(line.read(1, Block(Table.HOLDING, 0, 2, ())))
        await asyncio.sleep(0)
        write = asyncio.create_task(line.write(1, order, before_sending=lambda: None))
        await asyncio.sleep(0)
        second = asyncio.create_task(line.read(1, Block(Table.HOLDING, 2, 2, ())))
        await asyncio.gather(first, write, second)
    assert device.functions() == [3, 6, 3]
    assert second.result() == [0, 7]


async def test_an_answer_of_another_unit_is_not_taken(port: int) -> None:
    asked: list[tuple[int, int]] = []
    ended = asyncio.Event()

    async def answer_as_unit_9(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await reader.readexactly(12)
        asked.append(span(request[7:]))
        pdu = words(request[7:])
        writer.write(request[:4] + bytes([0, len(pdu) + 1, 9]) + pdu)
        await reader.read()
        writer.close()
        await writer.wait_closed()
        ended.set()

    server = await asyncio.start_server(answer_as_unit_9, "127.0.0.1", port)
    async with server, connection(f"tcp://127.0.0.1:{port}") as line:
        with pytest.raises(DeviceSilent, match="no answer within"):
            await line.read(1, FIRST, patience_s=0.2)
        line.close()
        await ended.wait()
    assert asked == [(10, 2)]


async def test_a_gateway_that_reaches_no_device_is_silence_and_a_refusal_is_none(port: int) -> None:
    def answer(unit: int, request: bytes) -> bytes:
        return refusal(request, 11 if unit == 7 else 4) if unit != 1 else words(request)

    async with answering(port, answer), connection(f"tcp://127.0.0.1:{port}") as line:
        with pytest.raises(DeviceSilent, match="exception 11"):
            await line.read(7, FIRST)
        with pytest.raises(DeviceRefused, match="exception 4"):
            await line.read(8, FIRST)
        assert await line.read(1, FIRST) == [10, 11]


async def test_registers_are_read_over_tls_by_both_certificates(port: int, tmp_path: Path) -> None:
    authority = Authority.make(tmp_path)
    ours = authority.issue("edge")
    tls = TlsFiles(ca=authority.certificate, cert=ours[0], key=ours[1])
    async with tls_server(port, authority), connection(f"tls://127.0.0.1:{port}", tls) as line:
        assert await line.read(1, FIRST) == [10, 11]
        assert await line.read(1, SECOND) == [50, 51]


async def test_a_device_that_our_authorities_do_not_know_is_refused(
    port: int, tmp_path: Path
) -> None:
    authority, other = Authority.make(tmp_path / "a"), Authority.make(tmp_path / "b")
    tls = TlsFiles(ca=other.certificate)
    with socket.create_server(("127.0.0.1", port)) as listener:
        device = asyncio.create_task(asyncio.to_thread(shake_hands, listener, authority))
        async with connection(f"tls://127.0.0.1:{port}", tls) as line:
            with pytest.raises(SourceRefused, match="certificate verify failed"):
                await line.read(1, FIRST)
        await device


async def test_tls_files_that_are_not_there_are_told(port: int) -> None:
    async with connection(f"tls://127.0.0.1:{port}", TlsFiles(ca="/nowhere/ca.pem")) as line:
        with pytest.raises(SourceRefused, match="files of `tls` cannot be used"):
            await line.read(1, FIRST)


async def test_registers_are_read_over_a_serial_line() -> None:
    with serial_line() as (ours, theirs):
        server = ModbusSerialServer([device()], port=theirs, baudrate=9600)
        async with running(server), connection(f"serial://{ours}?baud=9600") as line:
            assert await line.read(1, FIRST) == [10, 11]
            assert await line.read(1, SECOND) == [50, 51]


async def test_a_silent_serial_line_is_opened_anew() -> None:
    with serial_line() as (ours, theirs):
        async with connection(f"serial://{ours}") as line:
            with pytest.raises(DeviceSilent):
                await line.read(1, FIRST, patience_s=0.1)
            server = ModbusSerialServer([device()], port=theirs, baudrate=9600)
            async with running(server):
                assert await line.read(1, FIRST) == [10, 11]


async def test_a_line_that_does_not_take_its_settings_is_refused() -> None:
    """A pseudo-terminal has no parity."""
    with serial_line() as (ours, _):
        async with connection(f"serial://{ours}?parity=E") as line:
            with pytest.raises(SourceRefused, match="does not take its settings"):
                await line.read(1, FIRST)


@pytest.mark.parametrize(
    ("connect", "message"),
    [("tcp://127.0.0.1:{port}", "refused|Connect call failed"), ("serial:///dev/nowhere", "open")],
)
async def test_what_cannot_be_reached_says_why(port: int, connect: str, message: str) -> None:
    async with connection(connect.format(port=port)) as line:
        with pytest.raises(SourceLost, match=f"cannot connect to .*({message})"):
            await line.read(1, FIRST)


@asynccontextmanager
async def tls_server(port: int, authority: Authority) -> AsyncIterator[None]:
    """A server that asks for a certificate of `authority`, and has one of it."""
    async with answering(port, lambda _, request: words(request), server_context(authority)):
        yield


def shake_hands(listener: socket.socket, authority: Authority) -> None:
    """Take one connection as far as its handshake gets."""
    plain, _ = listener.accept()
    with plain, suppress(OSError):
        server_context(authority).wrap_socket(plain, server_side=True).close()


def server_context(authority: Authority) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*authority.issue("device"))
    context.load_verify_locations(authority.certificate)
    context.verify_mode = ssl.CERT_REQUIRED
    return context
