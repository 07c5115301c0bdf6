"""A group of commands of which one is meant where none is named."""

from typing import Any

from typer.core import TyperGroup


class RunByDefault(TyperGroup):
    """`oilcan edge plant/` means `oilcan edge run plant/`; a folder named `run` is `./run`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse, with `run` put first where no command is."""
        if args and args[0] not in {*self.commands, "--help"}:
            args = ["run", *args]
        return super().parse_args(ctx, args)
