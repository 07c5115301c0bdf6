"""An OPC UA server whose variables count, as long as somebody watches them."""

import asyncio
import threading
import time
from collections.abc import Callable

from asyncua import Server, ua
from asyncua.ua.attribute_ids import AttributeIds

from config.clock import ClockUs, from_us, now_us
from tests.acceptance.faults.ledger import Ledger

_URI = "urn:faults"
_EVERY_S = 0.02
_IN_FLIGHT_S = 5.0


class OpcuaDevice:
    """A number is promised when it is written while a client watches the variable.

    What the server had not been acknowledged when a client or the server itself went is excused: a
    session takes its queue with it.
    """

    _end: Callable[[], object]

    def __init__(self, port: int) -> None:
        self._ledgers = {"number": Ledger(), "other": Ledger()}
        self.ledgers = {f"opcua.{name}": ledger for name, ledger in self._ledgers.items()}
        self.missing = False
        self.clock: ClockUs = now_us
        self._port = port
        self._counting = threading.Event()
        self._dead: set[int] = set()
        self._server: Server | None = None
        self._end = lambda: None
        self._thread: threading.Thread | None = None
        self._idle = threading.Event()
        self.power_on()

    def power_on(self) -> None:
        """Serve; without `other` as long as it is `missing`."""
        begun = threading.Event()
        self._dead.clear()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve(begun)))
        self._thread.start()
        assert begun.wait(20)

    def power_off(self) -> None:
        """Break all connections, and serve no more."""
        if self._thread is not None:
            self._end()
            self._thread.join()
            self._thread = None
            self._excuse(time.monotonic() - _IN_FLIGHT_S)

    def start(self) -> None:
        self._idle.clear()
        self._counting.set()

    def stop(self) -> None:
        self._counting.clear()
        assert self._idle.wait(20)

    def receiver_gone(self, since: float) -> None:
        """Count on for the next client only."""
        if self._server is not None:
            self._dead.update(self._server.iserver.subscription_service.subscriptions)
        time.sleep(2 * _EVERY_S)
        self._excuse(since)

    def close(self) -> None:
        self.power_off()

    def _excuse(self, since: float) -> None:
        for ledger in self._ledgers.values():
            ledger.excuse(since, time.monotonic())

    async def _serve(self, begun: threading.Event) -> None:
        loop, ended = asyncio.get_running_loop(), asyncio.Event()
        self._end = lambda: loop.call_soon_threadsafe(ended.set)
        self._server = server = Server()
        await server.init()
        server.set_endpoint(f"opc.tcp://127.0.0.1:{self._port}/")
        index = await server.register_namespace(_URI)
        names = ["number"] if self.missing else list(self._ledgers)
        for name in names:
            await self._add(server, index, name)
        async with server:
            begun.set()
            while not ended.is_set():
                if not self.missing and "other" not in names:
                    names.append("other")
                    await self._add(server, index, "other")
                if self._counting.is_set():
                    await self._count(server, index, names)
                else:
                    self._idle.set()
                await asyncio.sleep(_EVERY_S)
        self._server = None
        self._idle.set()

    async def _add(self, server: Server, index: int, name: str) -> None:
        # Its first value counts for nothing: nobody has watched it.
        await server.nodes.objects.add_variable(ua.NodeId(name, index), name, -1.0)

    async def _count(self, server: Server, index: int, names: list[str]) -> None:
        for name in names:
            node = ua.NodeId(name, index)
            if self._watched(server, node):
                number = self._ledgers[name].give(promised=True)
                value = ua.DataValue(
                    ua.Variant(float(number)), SourceTimestamp=from_us(self.clock())
                )
                await server.write_attribute_value(node, value)

    def _watched(self, server: Server, node: ua.NodeId) -> bool:
        """Does a client that lives watch the variable?"""
        value = server.iserver.aspace._nodes[node].attributes[AttributeIds.Value]
        return any(
            value.datachange_callbacks.keys()
            & subscription.monitored_item_srv._monitored_datachange
            for number, subscription in server.iserver.subscription_service.subscriptions.items()
            if number not in self._dead
        )
