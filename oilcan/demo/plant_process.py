"""The simulated plant's process, as the demo runs it."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from oilcan.demo.errors import PlantStopped
from oilcan.demo.servers import ServerOptions
from oilcan.engines.process import die_with_parent

_STOPS_WITHIN_S = 5.0


@dataclass(frozen=True, slots=True)
class PlantProcess:
    """The running process; commands are lines on its standard input."""

    process: asyncio.subprocess.Process
    log: Path

    async def wait_ready(self) -> None:
        """Return once all servers listen. Raises `PlantStopped`."""
        output = self.process.stdout
        if output is None or await output.readline() != b"ready\n":
            raise PlantStopped(f"the simulated plant did not start: see {self.log}")

    def develop(self) -> None:
        """Let the faults begin. Raises `PlantStopped`."""
        self._send("develop")

    def repair(self, asset: str) -> None:
        """Mend a machine. Raises `PlantStopped`."""
        self._send(f"repair {asset}")

    def require_running(self) -> None:
        """Raise `PlantStopped` if the process has ended."""
        if self.process.returncode is not None:
            raise PlantStopped(f"the simulated plant ended: see {self.log}")

    def _send(self, line: str) -> None:
        self.require_running()
        if self.process.stdin is not None:
            self.process.stdin.write(f"{line}\n".encode())


@asynccontextmanager
async def run_plant(options: ServerOptions, log: Path) -> AsyncIterator[PlantProcess]:
    """Run the plant until the block is left; what it says on standard error goes to `log`."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as errors:
        process = await asyncio.create_subprocess_exec(
            *_command(options),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=errors,
            env=_environment(),
            start_new_session=True,
            preexec_fn=die_with_parent(signal.SIGKILL),
        )
    try:
        yield PlantProcess(process, log)
    finally:
        await _stop(process)


def _command(options: ServerOptions) -> list[str]:
    given = {
        "modbus-port": options.modbus_port,
        "opcua-port": options.opcua_port,
        "mqtt-port": options.mqtt_port,
        "seed": options.seed,
        "speed": options.speed,
    } | ({"record": options.record} if options.record else {})
    words = [word for name, value in given.items() for word in (f"--{name}", str(value))]
    return [sys.executable, "-P", "-m", "oilcan.demo.servers", *words]


def _environment() -> dict[str, str]:
    """Our own, with our own code's place, so that a checkout need not be installed."""
    path = (str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH"))
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, path))}


async def _stop(process: asyncio.subprocess.Process) -> None:
    """Close its standard input, which ends it; kill it if it stays."""
    if process.stdin is not None:
        process.stdin.close()
    with suppress(TimeoutError):
        await asyncio.wait_for(process.wait(), _STOPS_WITHIN_S)
    if process.returncode is None:
        process.kill()
        await process.wait()
