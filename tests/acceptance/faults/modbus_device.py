"""A Modbus device whose registers count how often they were read."""

import asyncio
import struct
import threading
from collections.abc import Callable

from tests.acceptance.faults.ledger import Ledger
from tests.edge.modbus.wire import answering, refusal, span

_ILLEGAL_ADDRESS = 2
_OTHER_AT = 100


class ModbusDevice:
    """Two counters of 32 bits, `number` at 0 and `other` at 100; the latter can be missing.

    A number is promised when it was read: the next poll says that it was taken. So a poll whose
    answer died with the edge, or with the connection, is excused, and that is one at most.
    """

    _end: Callable[[], object]

    def __init__(self, port: int) -> None:
        self._ledgers = {0: Ledger(), _OTHER_AT: Ledger()}
        self.ledgers = {"modbus.number": self._ledgers[0], "modbus.other": self._ledgers[_OTHER_AT]}
        self.missing = False
        self._port = port
        self._asked = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._end = lambda: None
        self._thread: threading.Thread | None = None
        self.power_on()

    def power_on(self) -> None:
        """Answer requests."""
        begun = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve(begun)))
        self._thread.start()
        assert begun.wait(20)

    def power_off(self) -> None:
        """Break all connections, and answer no more: the last answer may be lost on its way."""
        if self._thread is not None:
            self._end()
            self._thread.join()
            self._thread = self._loop = None
            for ledger in self._ledgers.values():
                ledger.excuse_last(since=0.0)

    def start(self) -> None:
        """It answers whenever it is asked."""

    def stop(self) -> None:
        """It answers whenever it is asked."""

    def receiver_gone(self, since: float) -> None:
        """What was read since then may not have been kept; no more than one answer is under way."""
        if self._loop is not None:
            # Its last request may still wait for us.
            asyncio.run_coroutine_threadsafe(asyncio.sleep(0.1), self._loop).result(20)
        for ledger in self._ledgers.values():
            ledger.excuse_last(since)

    def close(self) -> None:
        self.power_off()

    async def _serve(self, begun: threading.Event) -> None:
        self._loop = loop = asyncio.get_running_loop()
        ended = asyncio.Event()
        self._end = lambda: loop.call_soon_threadsafe(ended.set)
        async with answering(self._port, self._answer):
            begun.set()
            await ended.wait()

    def _answer(self, _unit: int, request: bytes) -> bytes:
        first, count = span(request)
        here = [at for at in self._ledgers if first <= at < first + count]
        if self.missing and _OTHER_AT in here:
            return refusal(request, _ILLEGAL_ADDRESS)
        words = [0] * count
        for at in here:
            number = self._ledgers[at].give(promised=True)
            words[at - first : at - first + 2] = divmod(number, 1 << 16)
        return request[:1] + bytes([2 * count]) + struct.pack(f">{count}H", *words)
