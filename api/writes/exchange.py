"""Takes a command to the edge that has the point, and brings its answer back.

Nothing here is tried twice: an edge that does not answer may have carried it out.
"""

import asyncio
from collections.abc import Sequence

from api.live.log_link import LogLink
from config.errors import LogUnavailable
from edge.write_command import (
    Outcome,
    WriteAnswer,
    WriteCommand,
    WriteTarget,
    dump,
    dump_find,
    find_subject,
    parse_answer,
    parse_target,
    write_subject,
)

_FIND_S = 2.0
_WAY_S = 2.0


async def carry_out(log: LogLink, edges: Sequence[str], command: WriteCommand) -> WriteAnswer:
    """What came of a command that one of these edges is to carry out; never raises for a loss."""
    if not log.connected:
        return refused("nothing was sent: the log server cannot be reached")
    found = await asyncio.gather(*(_find(log, edge, command.tag) for edge in edges))
    targets = [target for target in found if target is not None]
    if not targets:
        running = ", ".join(edges) or "none runs"
        return refused(
            f"no edge has a source that names {command.tag} (of those that run: {running})"
        )
    if len(targets) > 1:
        names = " and ".join(target.edge for target in targets)
        return refused(f"the edges {names} both have {command.tag}: nobody knows which to send it")
    return await _run(log, targets[0], command)


def refused(message: str) -> WriteAnswer:
    """The answer to what was not even sent."""
    return WriteAnswer(Outcome.REFUSED, message)


async def _find(log: LogLink, edge: str, tag: str) -> WriteTarget | None:
    """How an edge has the point; None where it has not, or does not answer."""
    try:
        return parse_target(
            await log.request(find_subject(edge), dump_find(tag), timeout_s=_FIND_S)
        )
    except (LogUnavailable, TimeoutError, ValueError):
        return None


async def _run(log: LogLink, target: WriteTarget, command: WriteCommand) -> WriteAnswer:
    if target.problem:
        return WriteAnswer(Outcome.REFUSED, target.problem, target.edge, target.source)
    lives_s = (command.expires_us - command.asked_us) / 1e6
    timeout_s = lives_s + target.takes_s + _WAY_S
    try:
        data = await log.request(write_subject(target.edge), dump(command), timeout_s=timeout_s)
        return parse_answer(data)
    except LogUnavailable as error:
        return WriteAnswer(
            Outcome.REFUSED, f"nothing was sent: {error}", target.edge, target.source
        )
    except (TimeoutError, ValueError) as error:
        why = str(error) or f"the edge did not answer within {timeout_s:g} s"
        return WriteAnswer(Outcome.UNKNOWN, why, target.edge, target.source)
