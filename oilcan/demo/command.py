"""`oilcan demo`: the whole line from register to work order, on one machine, for people or as a test."""

import asyncio
from pathlib import Path

from rich.console import Console
from rich.text import Text

from config.clock import monotonic
from config.diagnostics import configure
from oilcan.demo.check import Check
from oilcan.demo.show import show
from oilcan.demo.stage import DemoOptions, Stage, demo_home, set_up
from oilcan.first_login import LOGIN_FILE
from oilcan.termination import until_terminated


def run(  # noqa: PLR0913 - each option of the command is an argument
    *,
    check: bool,
    timeout_s: float,
    speed: float,
    seed: int,
    home: Path | None,
    http_port: int | None,
    mqtt_port: int | None,
    keep: bool = False,
) -> int:
    """The command's exit code. Raises `OilcanError`."""
    configure("warning", role="demo")
    options = DemoOptions(
        seed=seed,
        speed=speed,
        home=home,
        http_port=http_port,
        mqtt_port=mqtt_port,
        keep=keep,
        record=check,
    )
    return run_check(options, timeout_s) if check else run_show(options)


def run_show(options: DemoOptions) -> int:
    """Show the demo until Ctrl-C or SIGTERM; 0. Raises `OilcanError`."""
    console = Console()
    with demo_home(options) as home:
        asyncio.run(until_terminated(_show(options, home, console)))
    left = f"is in {home}" if home.exists() else "is removed"
    console.print(f"Stopped. Its data {left}.", soft_wrap=True)
    return 0


def run_check(options: DemoOptions, timeout_s: float) -> int:
    """Run headless until all is proven or the time is up; 0 or 1. Raises `OilcanError`."""
    console = Console(soft_wrap=True, highlight=False, markup=False)
    check = Check()
    started = monotonic()
    with demo_home(options) as home:
        asyncio.run(until_terminated(_check(check, options, home, timeout_s)))
    for line in check.report():
        console.print(line)
    if check.complete:
        console.print(f"Each protocol has led to a work order after {monotonic() - started:.1f} s.")
        return 0
    console.print(f"Not every protocol has led to a work order within {timeout_s:g} s.")
    return 1


async def _show(options: DemoOptions, home: Path, console: Console) -> None:
    console.print("Starting database, log, plant and roles ...")
    async with set_up(options, home) as stage:
        await show(stage, console, heading_of(stage))


async def _check(check: Check, options: DemoOptions, home: Path, timeout_s: float) -> None:
    try:
        async with asyncio.timeout(timeout_s), set_up(options, home) as stage:
            await check.run(stage)
    except TimeoutError:
        return


def heading_of(stage: Stage) -> Text:
    """Where the pages are, how to get in, and how to stop."""
    running = stage.running
    login = running.first_login
    told = f"{login.login} / {login.password}" if login else f"see {running.home / LOGIN_FILE}"
    return Text.assemble(
        ("Oilcan demo", "bold"),
        "\n  pages  ",
        (running.http_url, "cyan"),
        f"\n  login  {told}",
        f"\n  data   {running.home}",
        "\n  Complete a work order on the pages and its machine is mended. Ctrl-C stops all.\n",
    )
