"""An OPC UA server whose variables count, and which keeps their history."""

import asyncio
import threading
from collections.abc import Callable

from asyncua import Server, ua
from asyncua.server.history import HistoryDict
from asyncua.ua.attribute_ids import AttributeIds

from config.clock import ClockUs, from_us, now_us
from tests.acceptance.faults.ledger import Ledger

_URI = "urn:faults"
_EVERY_S = 0.02


class OpcuaDevice:
    """A number is promised when it is written: what nobody hears is in the history.

    The history outlives the server, and a variable that is missing for a while.
    """

    _end: Callable[[], object]

    def __init__(self, port: int) -> None:
        self._ledgers = {"number": Ledger(), "other": Ledger()}
        self.ledgers = {f"opcua.{name}": ledger for name, ledger in self._ledgers.items()}
        self.missing = False
        self.clock: ClockUs = now_us
        self._port = port
        self._history = _History()
        self._counting = threading.Event()
        self._end = lambda: None
        self._thread: threading.Thread | None = None
        self._idle = threading.Event()
        self.power_on()

    def power_on(self) -> None:
        """Serve; without `other` as long as it is `missing`."""
        begun = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve(begun)))
        self._thread.start()
        assert begun.wait(20)

    def power_off(self) -> None:
        """Break all connections, and serve no more."""
        if self._thread is not None:
            self._end()
            self._thread.join()
            self._thread = None

    def start(self) -> None:
        self._idle.clear()
        self._counting.set()

    def stop(self) -> None:
        self._counting.clear()
        assert self._idle.wait(20)

    def receiver_gone(self, since: float) -> None:
        """The next one reads the history."""

    def forget_history(self) -> None:
        """Keep nothing of before: under a wrong clock it lies where later readings will be."""
        self._history.forget()

    def close(self) -> None:
        self.power_off()

    async def _serve(self, begun: threading.Event) -> None:
        loop, ended = asyncio.get_running_loop(), asyncio.Event()
        self._end = lambda: loop.call_soon_threadsafe(ended.set)
        server = Server()
        await server.init()
        server.set_endpoint(f"opc.tcp://127.0.0.1:{self._port}/")
        server.iserver.history_manager.set_storage(self._history)
        index = await server.register_namespace(_URI)
        counting = ["number"] if self.missing else list(self._ledgers)
        for name in counting:
            await self._add(server, ua.NodeId(name, index))
        async with server:
            begun.set()
            while not ended.is_set():
                if not self.missing and "other" not in counting:
                    counting.append("other")
                    await self._add(server, ua.NodeId("other", index))
                if self._counting.is_set():
                    await self._count(server, index, counting)
                else:
                    self._idle.set()
                await asyncio.sleep(_EVERY_S)
        self._idle.set()

    async def _add(self, server: Server, node: ua.NodeId) -> None:
        # Its first value counts for nothing: nobody has watched it.
        variable = await server.nodes.objects.add_variable(node, str(node.Identifier), -1.0)
        for level in (AttributeIds.AccessLevel, AttributeIds.UserAccessLevel):
            await variable.set_attr_bit(level, ua.AccessLevel.HistoryRead)

    async def _count(self, server: Server, index: int, names: list[str]) -> None:
        for name in names:
            node = ua.NodeId(name, index)
            number = self._ledgers[name].give(promised=True)
            value = ua.DataValue(ua.Variant(float(number)), SourceTimestamp=from_us(self.clock()))
            self._history.keep(node, value)
            await server.write_attribute_value(node, value)


class _History(HistoryDict):
    """What was written, kept by the device itself."""

    def keep(self, node: ua.NodeId, value: ua.DataValue) -> None:
        """Keep a value."""
        self._datachanges.setdefault(node, []).append(value)

    def forget(self) -> None:
        """Keep nothing that was written so far."""
        for values in self._datachanges.values():
            values.clear()
