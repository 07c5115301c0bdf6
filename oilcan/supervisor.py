"""Everything on one machine: engines, schema, plant, then each role in a process of its own.

    async with up(options) as running:
        print(running.http_url)

Leaving the block stops the roles, then the log, then the database.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import typer

from config.diagnostics import logger
from config.migrate import migrate
from config.retry import keep_running
from config.settings import Settings
from oilcan.child import Child, Program, kept_running
from oilcan.engines.nats_server import NatsEngine
from oilcan.engines.process import die_with_parent
from oilcan.errors import NotReady, PlantRefused
from oilcan.first_login import Login, ensure_administrator
from oilcan.full_disk import FullDisk, watched
from oilcan.home import held, remove_state, write_state
from oilcan.hub_status import telling
from oilcan.machine import (
    Machine,
    engine_program,
    environment_of,
    oilcan_command,
    plan_machine,
    role_programs,
)
from oilcan.output import Output, RotatingFile
from oilcan.ports import Wish, choose_ports
from oilcan.refused_gateways import RefusedGateways
from oilcan.settings import EngineSettings

_READY_WITHIN_S = 60.0

log = logger(__name__)


@dataclass(frozen=True, slots=True)
class UpOptions:
    """What to bring up: the settings, and the plant folder (none: apply and collect nothing).

    A port of 0 is chosen when everything starts. Plant files may name the chosen broker's port as
    `${OILCAN_MQTT_PORT}`, and whatever else `environment` gives them.
    """

    settings: Settings
    engines: EngineSettings
    plant: Path | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    roles: Callable[[Machine], Sequence[Program]] = role_programs


@dataclass(frozen=True, slots=True)
class Running:
    """What runs, and how to reach it.

    `mqtt_port` is None where the broker is not ours, `gateway_port` where no gateways may come;
    `first_login` is set on the first start only.
    """

    home: Path
    http_url: str
    mqtt_port: int | None
    gateway_port: int | None
    database_url: str
    log_url: str
    first_login: Login | None


@asynccontextmanager
async def up(options: UpOptions) -> AsyncIterator[Running]:
    """Bring everything up, keep it up until the block is left, and take it down in order.

    Call it from the main thread: the kernel ends the processes together with the thread that
    started them. Raises `AlreadyRunning`, `PortTaken`, `EngineError`, `NotReady`, `PlantRefused`,
    `MigrationError`.
    """
    home = options.settings.home.resolve()
    settings = options.settings.model_copy(update={"home": home})
    with held(home):
        ports = await _ports(settings, options.engines)
        machine = replace(
            plan_machine(settings, options.engines, ports=ports),
            plant=options.plant,
            environment=options.environment,
        )
        crew = _Crew(machine, options.engines.output_max_bytes)
        try:
            async with AsyncExitStack() as stack:
                await _start_engines(crew, stack)
                if crew.refused is not None:
                    await stack.enter_async_context(telling(machine.log_url, crew.refused))
                await _prepare_database(machine)
                login = await ensure_administrator(machine.database_url, home)
                await _start_roles(crew, options.roles(machine), stack)
                yield Running(
                    home=home,
                    http_url=machine.http_url,
                    mqtt_port=ports.get("mqtt"),
                    gateway_port=ports.get("gateways"),
                    database_url=machine.database_url,
                    log_url=machine.log_url,
                    first_login=login,
                )
        finally:
            remove_state(home)


async def _ports(settings: Settings, engines: EngineSettings) -> dict[str, int]:
    wishes = {"http": Wish("--http-port", settings.http_host, settings.http_port)}
    if not settings.log_url:
        wishes["log"] = Wish("--log-port", "127.0.0.1", engines.log_port)
        wishes["mqtt"] = Wish("--mqtt-port", engines.mqtt_host, engines.mqtt_port)
        if engines.gateway_port is not None:
            host, port = engines.gateway_host, engines.gateway_port
            wishes["gateways"] = Wish("--gateway-port", host, port)
    return dict(zip(wishes, await choose_ports(list(wishes.values())), strict=True))


@dataclass(slots=True)
class _Crew:
    """The processes of a machine; every change of one is written to `up.json`."""

    machine: Machine
    output_max_bytes: int
    children: list[Child] = field(default_factory=list)
    refused: RefusedGateways | None = None
    disk: FullDisk | None = None

    def __post_init__(self) -> None:
        nats = self.machine.nats
        if nats is not None:
            self.disk = FullDisk(nats.store)
        if nats is not None and nats.gateways is not None:
            self.refused = RefusedGateways(nats.gateway_logins.names)

    def enlist(self, program: Program) -> Child:
        path = self.machine.home / "logs" / f"{program.name}.log"
        output = Output(
            RotatingFile(path, max_bytes=self.output_max_bytes),
            show=lambda line: typer.echo(f"{program.name}: {line}", err=True),
            hear=self._hear if program.name == NatsEngine.name else lambda _: None,
        )
        child = Child(program, output, self.write_state)
        self.children.append(child)
        self.write_state()
        return child

    def _hear(self, line: str) -> None:
        if self.disk is not None:
            self.disk.hear(line)
        if self.refused is not None and self.refused.hear(line):
            self.write_state()

    def write_state(self) -> None:
        try:
            write_state(self.machine.home, self.state())
        except OSError as error:  # A full disk must not keep us from starting what has ended.
            log.warning("up.json cannot be written", error=str(error))

    def state(self) -> dict[str, Any]:
        machine = self.machine
        ports: dict[str, int | None] = {"http": machine.http_port}
        if machine.nats:
            ports |= {"log": machine.nats.port, "mqtt": machine.nats.mqtt_port}
            if machine.nats.gateways:
                ports["gateways"] = machine.nats.gateways.port
        children = {
            child.program.name: {
                "pid": child.pid,
                "state": child.state,
                "restarts": child.restarts,
            }
            for child in self.children
        }
        return {
            "pid": os.getpid(),
            "http_url": machine.http_url,
            "ports": ports,
            "children": children,
            "refused_gateways": {one.who: str(one) for one in self.refused.refusals}
            if self.refused
            else {},
        }


async def _start_engines(crew: _Crew, stack: AsyncExitStack) -> None:
    """Start what is ours of database and log, together, and return when both serve."""
    engines = [engine for engine in (crew.machine.postgres, crew.machine.nats) if engine]
    # Entered in this order, so that the log is stopped before the database.
    children = []
    for engine in engines:
        await asyncio.to_thread(engine.prepare)
        child = crew.enlist(engine_program(engine))
        await stack.enter_async_context(kept_running([child]))
        if engine is crew.machine.nats and crew.disk is not None:
            await stack.enter_async_context(watched(crew.disk, child))
        children.append(child)
    await _wait_ready(children, crew.machine.home)


async def _prepare_database(machine: Machine) -> None:
    """Bring schema, register, points and rules up to date before any role looks at them."""

    async def bring_up_to_date() -> None:
        if applied := await migrate(machine.database_url):
            log.info("schema brought up to date", migrations=len(applied))

    await keep_running(bring_up_to_date, name="migrate")
    if machine.plant:
        await _apply(machine, machine.plant)


async def _apply(machine: Machine, plant: Path) -> None:
    """Apply the plant folder in a process of its own. Raises `PlantRefused`."""
    process = await asyncio.create_subprocess_exec(
        *oilcan_command("apply", str(plant)),
        env=environment_of(machine),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        preexec_fn=die_with_parent(),
    )
    try:
        said, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    text = said.decode(errors="replace").strip()
    if process.returncode:
        raise PlantRefused(text)
    log.info("plant applied", folder=str(plant), result=text.rpartition("\n")[2])


async def _start_roles(crew: _Crew, programs: Sequence[Program], stack: AsyncExitStack) -> None:
    """Start every role and return when the pages are there."""
    children = [crew.enlist(program) for program in programs]
    await stack.enter_async_context(kept_running(children))
    serving = [child for child in children if child.program.ready]
    await _wait_ready(serving, crew.machine.home)


async def _wait_ready(children: Sequence[Child], home: Path) -> None:
    """Return when all of them serve. Raises `NotReady` after a minute."""
    try:
        async with asyncio.timeout(_READY_WITHIN_S):
            await asyncio.gather(*(child.wait_ready() for child in children))
    except TimeoutError as error:
        late = [child.program.name for child in children if not child.is_ready]
        logs = ", ".join(str(home / "logs" / f"{name}.log") for name in late)
        raise NotReady(f"{', '.join(late)} did not start: see {logs}") from error
