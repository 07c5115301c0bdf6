"""The plant as a process of its own: machines, controllers and devices on real protocols.

Run by `oilcan demo` as `python -m oilcan.demo.servers`. It prints `ready` once all listen, takes
`develop` and `repair ASSET` as lines on standard input, and ends when that is closed.
"""

import argparse
import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from config.clock import ClockUs, monotonic, now_us
from config.diagnostics import configure
from oilcan.demo.inventory import COMPRESSOR, CONVEYOR, MACHINES, PUMP, Protocol
from oilcan.demo.modbus_server import PumpController, serve_pump
from oilcan.demo.mqtt_devices import ConveyorDevices, run_conveyor
from oilcan.demo.opcua_server import ALARM_CODE, CompressorController, serve_compressor
from oilcan.demo.record import Recorder
from oilcan.demo.simulation import PACE, Measured, Simulation

TICK_S = 0.1


@dataclass(frozen=True, slots=True)
class ServerOptions:
    """Ports on loopback (the MQTT one is the broker's), the noise's seed, the faults' speed."""

    modbus_port: int
    opcua_port: int
    mqtt_port: int
    seed: int = 1
    speed: float = 1.0
    record: Path | None = None


@dataclass(slots=True)
class Servers:
    """The machines and everything that shows them to the world."""

    simulation: Simulation
    pump: PumpController
    compressor: CompressorController
    conveyor: ConveyorDevices
    recorder: Recorder | None
    clock: ClockUs = now_us
    _alarm: bool = False

    async def tick(self, seconds: float) -> None:
        """Step the plant by `seconds` of its time and show what the sensors measure then."""
        self.simulation.advance(seconds)
        measured = self.simulation.measure()
        ts = self.clock()
        self.pump.write(measured[PUMP])
        await self.compressor.write(measured[COMPRESSOR], ts)
        await self._show_alarm(ts)
        self.conveyor.publish(measured[CONVEYOR], ts)
        self._note(measured, ts)

    def command(self, line: str) -> None:
        """Obey a line of standard input; what is not known is passed over."""
        match line.split():
            case ["develop"]:
                self.simulation.develop()
            case ["repair", asset]:
                self.simulation.repair(asset)

    async def _show_alarm(self, ts: int) -> None:
        active = self.simulation.compressor.alarm
        if active == self._alarm:
            return
        self._alarm = active
        temperature = self.simulation.compressor.discharge_temp
        await self.compressor.set_alarm(active=active, temperature=temperature, ts_us=ts)
        if self.recorder is not None:
            self.recorder.note(Protocol.OPCUA, ts, [(f"{COMPRESSOR}/{ALARM_CODE}", float(active))])

    def _note(self, measured: Measured, ts: int) -> None:
        if self.recorder is None:
            return
        for machine in MACHINES:
            roles = measured[machine.asset].items()
            values = ((f"{machine.asset}.{role}", value) for role, value in roles)
            self.recorder.note(machine.protocol, ts, values)


@asynccontextmanager
async def serve(options: ServerOptions) -> AsyncIterator[Servers]:
    """All servers and devices, until the block is left. Raises `EngineError`."""
    async with AsyncExitStack() as stack:
        record = options.record
        output = stack.enter_context(record.open("w", encoding="utf-8")) if record else None
        yield Servers(
            Simulation(options.seed),
            await stack.enter_async_context(serve_pump(options.modbus_port)),
            await stack.enter_async_context(serve_compressor(options.opcua_port)),
            stack.enter_context(run_conveyor(options.mqtt_port)),
            Recorder(output) if output is not None else None,
        )


async def run(options: ServerOptions) -> None:
    """Serve and step until standard input is closed."""
    async with serve(options) as servers:
        await servers.tick(0.0)
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        ticking = asyncio.create_task(_tick_for_ever(servers, options.speed * PACE * TICK_S))
        listening = asyncio.create_task(_obey_standard_input(servers))
        done, waiting = await asyncio.wait(
            {ticking, listening}, return_when=asyncio.FIRST_COMPLETED
        )
        for task in waiting:
            task.cancel()
        for task in done:
            task.result()


async def _tick_for_ever(servers: Servers, seconds: float) -> None:
    """Tick by the clock: a late tick is followed by a shorter wait, so that the pace holds."""
    due = monotonic()
    while True:
        await servers.tick(seconds)
        due = max(due + TICK_S, monotonic() - 1.0)
        await asyncio.sleep(max(0.0, due - monotonic()))


async def _obey_standard_input(servers: Servers) -> None:
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        servers.command(line.decode())


def parse_options(words: list[str]) -> ServerOptions:
    """The options on the command line."""
    parser = argparse.ArgumentParser(prog="oilcan.demo.servers", description=__doc__)
    for name in ("modbus", "opcua", "mqtt"):
        parser.add_argument(f"--{name}-port", type=int, required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--speed", type=float, default=1.0)
    parser.add_argument("--record", type=Path, help="note every change of a register here")
    return ServerOptions(**vars(parser.parse_args(words)))


def main() -> None:
    """Run the plant until standard input is closed."""
    configure("warning", role="plant")
    asyncio.run(run(parse_options(sys.argv[1:])))


if __name__ == "__main__":
    main()
