"""`oilcan up`: bring everything up, say where it is, and wait for the end."""

import asyncio
from pathlib import Path

import typer

from config.clock import monotonic
from config.diagnostics import configure
from config.settings import Settings
from oilcan.first_login import LOGIN_FILE
from oilcan.settings import EngineSettings, load
from oilcan.supervisor import Running, UpOptions, up
from oilcan.termination import until_terminated


def run_up(plant: Path | None, **options: object) -> None:
    """Run everything until SIGTERM or Ctrl-C. Raises `OilcanError`."""
    of_engines = {name: options.pop(name, None) for name in EngineSettings.model_fields}
    settings = load(Settings, **options)
    engines = load(EngineSettings, **of_engines)
    configure(settings.log_level, role="up")
    asyncio.run(until_terminated(_run(UpOptions(settings, engines, plant=plant))))


async def _run(options: UpOptions) -> None:
    started = monotonic()
    async with up(options) as running:
        typer.echo(_announcement(running, monotonic() - started))
        await asyncio.Event().wait()


def _announcement(running: Running, took_s: float) -> str:
    lines = [f"Oilcan is up after {took_s:.1f} s.", f"  pages  {running.http_url}"]
    if running.mqtt_port is not None:
        lines.append(f"  MQTT   port {running.mqtt_port}")
    if running.gateway_port is not None:
        lines.append(f"  hub    port {running.gateway_port}, for gateways")
    lines.append(f"  data   {running.home}")
    if running.first_login:
        lines.append(f"  login  {running.first_login.login} / {running.first_login.password}")
        lines.append(f"         (made just now; also in {running.home / LOGIN_FILE})")
    return "\n".join(lines)
