"""One connection to a Modbus device or gateway; opened when needed, closed at any doubt.

A late answer to an earlier request must never be taken for the present one, so the connection is
closed after every timeout, cancellation and answer of the wrong length. RTU frames have no number,
so there nothing else would tell the two apart.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from pymodbus.client.base import ModbusBaseClient
from pymodbus.exceptions import ConnectionException, ModbusException
from pymodbus.pdu import ModbusPDU

from edge.errors import DeviceRefused, DeviceSilent, SourceLost
from edge.modbus.client import open_client
from edge.modbus.link import Link
from edge.modbus.plan import Block
from edge.modbus.registers import Table
from edge.modbus.source import TlsFiles

# A gateway says with these that the device behind it does not answer.
_GATEWAY_CODES = frozenset({10, 11})


@dataclass(frozen=True, slots=True)
class RegisterWrite:
    """One request that writes: entries of a table from an address, by a function code."""

    function: int
    at: int
    entries: tuple[int, ...]


class ModbusConnection:
    """Reads blocks and writes registers, one request at a time, in the order they are asked for."""

    def __init__(self, link: Link, tls: TlsFiles, *, timeout_s: float) -> None:
        self._link = link
        self._tls = tls
        self._timeout_s = timeout_s
        self._client: ModbusBaseClient | None = None
        self._turn = asyncio.Lock()
        self._ended = False
        self._opened = 0

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ended = True
        self.close()

    @property
    def opened(self) -> int:
        """How often it was opened: behind a new one there may be another device."""
        return self._opened

    async def read(
        self, unit: int, block: Block, *, patience_s: float | None = None
    ) -> Sequence[int] | Sequence[bool]:
        """The block's registers or bits, exactly as many as were asked for.

        `patience_s` shortens the wait for the answer. Raises `SourceLost` (cannot connect),
        `DeviceSilent` (no usable answer; the connection is closed where it may hold a late one) or
        `DeviceRefused` (a Modbus exception).
        """
        wait_s = self._timeout_s if patience_s is None else min(patience_s, self._timeout_s)
        async with self._turn:
            client = await self._connected()
            answer = await self._exchange(lambda: _request(client, unit, block), client, wait_s)
            return self._checked(answer, block)

    async def write(
        self, unit: int, order: RegisterWrite, *, before_sending: Callable[[], None]
    ) -> None:
        """Write in one request; `before_sending` may raise to stop it at the last moment.

        Raises what `read` does: after `SourceLost` nothing was sent, after `DeviceSilent` nobody
        knows what the device did.
        """
        async with self._turn:
            client = await self._connected()
            before_sending()
            await self._exchange(lambda: _send(client, unit, order), client, self._timeout_s)

    async def _exchange(
        self, request: Callable[[], Awaitable[ModbusPDU]], client: ModbusBaseClient, wait_s: float
    ) -> ModbusPDU:
        try:
            async with asyncio.timeout(wait_s):
                answer = await request()
        except (ModbusException, TimeoutError) as error:
            gone = not client.connected
            self.close()
            silence = "the peer closed the connection" if gone else f"no answer within {wait_s:g} s"
            raise DeviceSilent(silence) from error
        except BaseException:
            self.close()
            raise
        if answer.isError():
            code = int(answer.exception_code)
            if code in _GATEWAY_CODES:
                raise DeviceSilent(f"the gateway gets no answer (exception {code})")
            raise DeviceRefused(code)
        return answer

    def close(self) -> None:
        """Close; the next request connects again."""
        if self._client is not None:
            self._client.close()
            self._client = None

    async def _connected(self) -> ModbusBaseClient:
        if self._client is not None and not self._client.connected:
            # The peer closed it between two requests, as devices do with a quiet connection.
            self.close()
        if self._ended:
            raise SourceLost("the source is no longer collected from")
        if self._client is None:
            self._client = await open_client(
                self._link, self._tls, timeout_s=self._timeout_s, lost=self._fail_request
            )
            self._opened += 1
        return self._client

    def _fail_request(self) -> None:
        """Fail the request under way now that the peer is gone; the library waits its time out."""
        answer = self._client.ctx.response_future if self._client is not None else None
        if answer is not None and not answer.done():
            answer.set_exception(ConnectionException("the peer closed the connection"))
            # Where nobody waits for it, nobody need be told.
            answer.exception()

    def _checked(self, answer: ModbusPDU, block: Block) -> Sequence[int] | Sequence[bool]:
        if block.table.holds_bits:
            # Bits come in whole bytes, so there may be up to seven more than were asked for.
            if 0 <= len(answer.bits) - block.count < 8:
                return list(answer.bits[: block.count])
        elif len(answer.registers) == block.count:
            return list(answer.registers)
        self.close()
        raise DeviceSilent(f"the answer does not have the {block.count} values asked for")


async def _request(client: ModbusBaseClient, unit: int, block: Block) -> ModbusPDU:
    if block.table is Table.COIL:
        return await client.read_coils(block.start, count=block.count, device_id=unit)
    if block.table is Table.DISCRETE:
        return await client.read_discrete_inputs(block.start, count=block.count, device_id=unit)
    if block.table is Table.INPUT:
        return await client.read_input_registers(block.start, count=block.count, device_id=unit)
    return await client.read_holding_registers(block.start, count=block.count, device_id=unit)


async def _send(client: ModbusBaseClient, unit: int, order: RegisterWrite) -> ModbusPDU:
    entries = list(order.entries)
    if order.function == 5:
        return await client.write_coil(order.at, bool(entries[0]), device_id=unit)
    if order.function == 6:
        return await client.write_register(order.at, entries[0], device_id=unit)
    if order.function == 15:
        return await client.write_coils(order.at, [bool(each) for each in entries], device_id=unit)
    return await client.write_registers(order.at, entries, device_id=unit)
