"""One process that is kept running: started, watched, started again, ended in order."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from enum import StrEnum

from config.clock import monotonic
from config.diagnostics import logger
from config.retry import backoff_s
from oilcan.engines.process import die_with_parent
from oilcan.output import Output

# So long a process has to last before the next failure counts as the first one again.
STEADY_S = 10.0
_READY_EVERY_S = 0.05
# So long a process without a `ready` of its own has to last before it counts as ready.
_LASTING_S = 2.0
_LAST_WORDS_S = 0.2
# What a shell gives for a command that it cannot start.
_NOT_STARTED = 127

log = logger(__name__)


@dataclass(frozen=True, slots=True)
class Program:
    """What to run. `ready` blocks for a moment and says whether it serves; it may be called often.

    Without one, a process that has lasted for two seconds counts as ready.
    `parent_gone` is what the kernel sends the process when we are gone, however we went.
    """

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    ready: Callable[[], bool] | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    parent_gone: signal.Signals = signal.SIGKILL
    grace_s: float = 4.0


class ChildState(StrEnum):
    """How a child is, as `up.json` tells."""

    STARTING = "starting"
    READY = "ready"
    ENDED = "ended"


@dataclass(slots=True)
class Child:
    """A program that is being kept running. `changed` is called whenever state or pid changes."""

    program: Program
    output: Output
    changed: Callable[[], None]
    state: ChildState = ChildState.STARTING
    pid: int | None = None
    restarts: int = 0
    _lost_at: float | None = None
    _ready: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def is_ready(self) -> bool:
        return self._ready.is_set()

    async def wait_ready(self) -> None:
        """Return when the program serves."""
        await self._ready.wait()

    def end(self) -> None:
        """Have the process end in its own way; `run` starts it again."""
        if self.pid is not None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, self.program.stop_signal)

    async def run(self) -> None:
        """Run the program again and again until cancelled; then end it, in its own way first."""
        failures = 0
        while True:
            started = monotonic()
            code = await self._run_once()
            failures = 1 if monotonic() - started > STEADY_S else failures + 1
            self._set(ChildState.ENDED, None)
            if self._lost_at is None:
                self._lost_at = monotonic()
                self._tell_loss(code)
            await asyncio.sleep(backoff_s(failures - 1))
            self.restarts += 1

    async def _run_once(self) -> int:
        """Run the program to its end; returns its exit code, negative for a signal."""
        async with _pipe_into(self.output) as pipe:
            try:
                process = await self._start(pipe)
            except OSError as error:
                self.output.take(f"cannot be started: {error}\n".encode())
                return _NOT_STARTED
            self._set(ChildState.STARTING, process.pid)
            watching = asyncio.create_task(self._watch_ready())
            try:
                return await process.wait()
            except asyncio.CancelledError:
                await self._end(process)
                raise
            finally:
                watching.cancel()

    async def _start(self, pipe: int) -> asyncio.subprocess.Process:
        try:
            return await asyncio.create_subprocess_exec(
                *self.program.command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=pipe,
                stderr=pipe,
                env=dict(self.program.environment),
                start_new_session=True,
                preexec_fn=die_with_parent(self.program.parent_gone),
            )
        finally:
            os.close(pipe)

    async def _watch_ready(self) -> None:
        if self.program.ready is None:
            await asyncio.sleep(_LASTING_S)
        else:
            while not await asyncio.to_thread(self.program.ready):  # noqa: ASYNC110 - a server's port has no event
                await asyncio.sleep(_READY_EVERY_S)
        self._set(ChildState.READY, self.pid)
        if self._lost_at is not None:
            after_s = round(monotonic() - self._lost_at, 1)
            log.info("runs again", name=self.program.name, after_s=after_s)
            self._lost_at = None

    def _tell_loss(self, code: int) -> None:
        # A killed process had no last words; what stands in its file was said long before.
        last_words = {"last_words": self.output.last_line()} if code > 0 else {}
        log.warning(
            "ended, starting it again",
            name=self.program.name,
            reason=_reason(code),
            **last_words,
        )

    async def _end(self, process: asyncio.subprocess.Process) -> None:
        """End a process: its stop signal, then, after its grace or a second cancellation, KILL."""
        _send(process, self.program.stop_signal)
        try:
            async with asyncio.timeout(self.program.grace_s):
                await process.wait()
        except TimeoutError:
            log.warning("does not stop, killing it", name=self.program.name)
        finally:
            _send(process, signal.SIGKILL)
            await process.wait()
            self._set(ChildState.ENDED, None)

    def _set(self, state: ChildState, pid: int | None) -> None:
        self.state, self.pid = state, pid
        if state is ChildState.READY:
            self._ready.set()
        else:
            self._ready.clear()
        self.changed()


@asynccontextmanager
async def kept_running(children: Sequence[Child]) -> AsyncIterator[None]:
    """Run children until the block is left; then end them all, and close their outputs."""
    tasks = [asyncio.create_task(child.run(), name=child.program.name) for child in children]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        try:
            ended = await asyncio.gather(*tasks, return_exceptions=True)
        finally:
            for child in children:
                child.output.close()
    for outcome in ended:
        if isinstance(outcome, Exception):
            raise outcome


class _Reader(asyncio.Protocol):
    def __init__(self, output: Output) -> None:
        self._output = output
        self.ended = asyncio.Event()

    def data_received(self, data: bytes) -> None:
        self._output.take(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self.ended.set()


@asynccontextmanager
async def _pipe_into(output: Output) -> AsyncIterator[int]:
    """The writing end, to be closed by the caller, of a pipe that is read into `output`.

    asyncio's own pipes would have the end of a killed server wait for its orphans, which hold its
    output open; here they are read a moment longer, for last words, and left.
    """
    loop = asyncio.get_running_loop()
    reading, writing = os.pipe()
    transport, reader = await loop.connect_read_pipe(
        lambda: _Reader(output), os.fdopen(reading, "rb", buffering=0)
    )
    try:
        yield writing
    finally:
        with suppress(TimeoutError):
            async with asyncio.timeout(_LAST_WORDS_S):
                await reader.ended.wait()
        transport.close()
        await reader.ended.wait()


def _send(process: asyncio.subprocess.Process, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        process.send_signal(number)


def _reason(code: int) -> str:
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
