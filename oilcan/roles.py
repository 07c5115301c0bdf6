"""The role commands: resolve where the engines are, run one worker until SIGTERM or Ctrl-C."""

import asyncio
import gc
import signal
import sys
from collections.abc import Coroutine, Mapping
from pathlib import Path
from typing import Any

from config.diagnostics import configure
from config.settings import Settings
from oilcan.engine_addresses import find_database_url, find_log_url
from oilcan.settings import GatewaySettings, load
from oilcan.termination import until_terminated

# Within the supervisor's patience with a role that it stops.
_SERVE_GRACE_S = 3


def run_edge(plant: Path, *, gateway: Mapping[str, object], **options: object) -> None:
    """Collect from the sources of a plant folder. Raises `OilcanError`."""
    settings = _start("edge", options)
    as_gateway = load(GatewaySettings, **gateway)
    if as_gateway.hub:
        from oilcan.gateway import run_gateway

        _run(run_gateway(plant, settings, as_gateway))
        return
    from edge.worker import EdgeLog, run
    from oilcan.plant.source_watch import SourceWatch

    watch = SourceWatch(plant)
    log = EdgeLog(find_log_url(settings), settings.log_max_bytes, settings.partitions)
    home = settings.home / "edge" / settings.edge
    _run(run(watch.read(), edge=settings.edge, log=log, reload=watch.changed, home=home))


def run_ingest(**options: object) -> None:
    """Store the log's readings. Raises `OilcanError`."""
    settings = _start("ingest", options)
    from ingest.worker import run

    _run(run(settings=settings, **_addresses(settings)))


def run_conditions(**options: object) -> None:
    """Evaluate the rules. Raises `OilcanError`."""
    settings = _start("conditions", options)
    from conditions.worker import run

    _run(run(settings=settings, **_addresses(settings)))


def run_maintenance(**options: object) -> None:
    """Turn condition events into work orders. Raises `OilcanError`."""
    settings = _start("maintenance", options)
    from maintenance.worker import run

    _run(run(settings=settings, **_addresses(settings)))


def run_serve(**options: object) -> None:
    """Serve the API and the pages. Raises `OilcanError`."""
    settings = _start("serve", options)
    import uvicorn

    from api.application import create_application

    config = uvicorn.Config(
        create_application(
            database_url=find_database_url(settings),
            log_url=find_log_url(settings),
            settings=settings,
        ),
        host=settings.http_host,
        port=settings.http_port,
        log_level="warning",
        timeout_graceful_shutdown=_SERVE_GRACE_S,
    )
    _settle()
    # uvicorn stops in order on SIGTERM and SIGINT, and then raises the signal once more.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit())
    uvicorn.Server(config).run()


def _start(role: str, options: dict[str, object]) -> Settings:
    settings = load(Settings, **options)
    configure(settings.log_level, role=role)
    return settings


def _addresses(settings: Settings) -> dict[str, str]:
    return {"database_url": find_database_url(settings), "log_url": find_log_url(settings)}


def _settle() -> None:
    """What is loaded by now stays: without this each full collection looks at 100,000 objects of it.

    A request that meets one waits for 30 ms and more, and a message of a device takes 2 µs longer.
    """
    gc.collect()
    gc.freeze()


def _run(work: Coroutine[Any, Any, None]) -> None:
    _settle()
    asyncio.run(until_terminated(work))
