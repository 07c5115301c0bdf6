"""Commands that act on devices."""

from typing import Annotated

import typer


def write(
    tag: Annotated[str, typer.Argument(help="Tag of a point whose source says `writable`.")],
    value: Annotated[float, typer.Argument(help="Value in the point's unit.")],
    reason: Annotated[str, typer.Option(help="Why; it stays in the audit trail.")],
    server: Annotated[str, typer.Option(help="Address of the API.")] = "http://127.0.0.1:8080",
    key: Annotated[
        str | None,
        typer.Option(help="API key of a role that may write. Left out: OILCAN_API_KEY."),
    ] = None,
    valid_for: Annotated[
        float, typer.Option(min=0.5, max=60.0, help="Seconds until the command expires.")
    ] = 5.0,
) -> None:
    """Write a value to a device through the API, once, and say what came of it.

    Exit code 0 if the device reads back what was written; 1 if it was refused, is not confirmed, or
    nobody knows. It is never sent again by itself.

    Example: `oilcan write P-101.speed_setpoint 42 --reason "trial run after overhaul"`
    """
    from oilcan.write_command import run_write

    raise typer.Exit(
        run_write(tag, value, reason=reason, server=server, key=key, valid_for_s=valid_for)
    )
