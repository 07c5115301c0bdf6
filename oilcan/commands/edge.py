"""Commands that collect from sources, or look at them."""

from typing import Annotated

import typer

from oilcan.default_command import RunByDefault
from oilcan.options import EdgeName, Home, Hub, LocalMaxBytes, LogLevel, LogUrl, Plant

edge = typer.Typer(
    cls=RunByDefault,
    help="Collect from the sources of a plant folder into the log; look at them and try them.\n\n"
    "`oilcan edge plant/` means `oilcan edge run plant/`.",
    no_args_is_help=True,
)


@edge.command("run")
def run_edge(  # noqa: PLR0913 - each option of a command is an argument
    plant: Plant,
    name: EdgeName = None,
    home: Home = None,
    log_url: LogUrl = None,
    hub: Hub = None,
    local_max_bytes: LocalMaxBytes = None,
    log_level: LogLevel = None,
) -> None:
    """Collect from the sources of a plant folder into the log. Needs no database.

    With `--hub` it is a gateway: it runs a log of its own, which outlasts the hub's absence.

    Examples:

    - `oilcan edge run plant/ --name gateway-hall-1 --log-url nats://oilcan:secret@hub:4222`
    - `oilcan edge run plant/ --name gateway-hall-1 --hub tls://gateway-hall-1:secret@hub:7422`
    """
    from oilcan.roles import run_edge

    gateway = {"hub": hub, "local_max_bytes": local_max_bytes}
    run_edge(plant, gateway=gateway, edge=name, home=home, log_url=log_url, log_level=log_level)


@edge.command("check")
def check_edge(plant: Plant) -> None:
    """Check the sources of a plant folder by themselves. Connects to nothing.

    Example: `oilcan edge check plant/`
    """
    from oilcan.edge_command import run_check

    raise typer.Exit(run_check(plant))


@edge.command("plan")
def plan_edge(plant: Plant) -> None:
    """Print the requests that each Modbus source will make. Connects to nothing.

    Example: `oilcan edge plan plant/`
    """
    from oilcan.edge_command import run_plan

    raise typer.Exit(run_plan(plant))


@edge.command("try")
def try_edge(
    plant: Plant,
    source: Annotated[str, typer.Argument(help="Name of the source.")],
    seconds: Annotated[
        float, typer.Option(min=0.0, max=3600.0, help="How long to listen once connected.")
    ] = 3.0,
) -> None:
    """Connect to one source and show what it gives. Nothing is published.

    Exit code 1 if it could not be connected, or was lost.

    Example: `oilcan edge try plant/ press --seconds 10`
    """
    from oilcan.edge_command import run_try

    raise typer.Exit(run_try(plant, source, seconds=seconds))
