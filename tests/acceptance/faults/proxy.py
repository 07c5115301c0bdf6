"""A TCP proxy that holds back what goes one way, so that a fault can fall between two messages."""

import asyncio
import threading
from collections.abc import Coroutine
from contextlib import suppress
from enum import Enum
from typing import Any

_CHUNK = 65_536


class Way(Enum):
    """Which way bytes go."""

    UP = "from the one who connected"
    DOWN = "to the one who connected"


class Proxy:
    """Passes a port of loopback on to another one, in a thread of its own, until closed."""

    def __init__(self, port: int, target: int) -> None:
        self.port = port
        self._target = target
        self._open = {way: asyncio.Event() for way in Way}
        self._held = dict.fromkeys(Way, b"")
        self._pumps: set[asyncio.Task[None]] = set()
        self._loop = asyncio.new_event_loop()
        for event in self._open.values():
            event.set()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        self._server: asyncio.Server = self._call(
            asyncio.start_server(self._serve, "127.0.0.1", port)
        )

    def hold(self, way: Way) -> None:
        """Pass nothing on from now on; it waits here."""
        self._loop.call_soon_threadsafe(self._open[way].clear)

    def holds(self, way: Way, what: bytes) -> bool:
        """Does something that has these bytes wait here?"""
        return what in self._held[way]

    def release(self) -> None:
        """Pass on what waits, and all that comes."""
        for event in self._open.values():
            self._loop.call_soon_threadsafe(event.set)

    def cut(self) -> None:
        """Break every connection; what waits is gone with it, and new connections pass."""
        self._call(self._cut())
        self.release()

    def close(self) -> None:
        """Break every connection and end."""
        self._server.close()
        self._call(self._cut())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _call(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(20)

    async def _serve(self, near: asyncio.StreamReader, near_out: asyncio.StreamWriter) -> None:
        try:
            far, far_out = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            near_out.close()
            return
        outs = near_out, far_out
        pumps = [
            asyncio.ensure_future(self._pump(near, far_out, Way.UP)),
            asyncio.ensure_future(self._pump(far, near_out, Way.DOWN)),
        ]
        self._pumps.update(pumps)
        try:
            # One side's end is the other's too: half a connection is of no use here.
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)
            self._pumps.difference_update(pumps)
            for out in outs:
                out.close()
                with suppress(OSError):
                    await out.wait_closed()

    async def _pump(
        self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, way: Way
    ) -> None:
        chunks: asyncio.Queue[bytes] = asyncio.Queue()
        async with asyncio.TaskGroup() as group:
            group.create_task(self._take(source, chunks, way))
            group.create_task(self._give(chunks, sink, way))

    async def _take(
        self, source: asyncio.StreamReader, chunks: asyncio.Queue[bytes], way: Way
    ) -> None:
        """Read to the end, an empty chunk, also while nothing is passed on."""
        data = b"-"
        while data:
            try:
                data = await source.read(_CHUNK)
            except OSError:
                data = b""
            if not self._open[way].is_set():
                self._held[way] += data
            chunks.put_nowait(data)

    async def _give(
        self, chunks: asyncio.Queue[bytes], sink: asyncio.StreamWriter, way: Way
    ) -> None:
        while data := await chunks.get():
            await self._open[way].wait()
            self._held[way] = b""
            with suppress(OSError):
                sink.write(data)
                await sink.drain()

    async def _cut(self) -> None:
        pumps = list(self._pumps)
        for pump in pumps:
            pump.cancel()
        await asyncio.gather(*pumps, return_exceptions=True)
        self._held = dict.fromkeys(Way, b"")
        # A turn for those who own the pumps to close their connections.
        await asyncio.sleep(0.05)
