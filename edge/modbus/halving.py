"""Which part of a block a device does not have: the refused block is halved until it is found."""

from collections.abc import Awaitable, Callable, Sequence

from edge.modbus.plan import Block, block_of, halves

Answer = Sequence[int] | Sequence[bool] | None
"""A block's registers or bits; None where the device does not have them all."""

Ask = Callable[[Block], Awaitable[Answer]]


async def find_readable(block: Block, ask: Ask) -> list[tuple[Block, Answer]]:
    """The parts of a refused block, in order: readable ones with their answer, others with None.

    A part that cannot be read holds one value, or values that share registers. Readable parts that
    touch are one where the device answers them as one.
    """
    joined: list[tuple[Block, Answer]] = []
    for part in await _halve(block, ask):
        last = joined[-1] if joined else None
        if last is not None and (both := await _join(last, part, ask)) is not None:
            joined[-1] = both
        else:
            joined.append(part)
    return joined


async def _halve(block: Block, ask: Ask) -> list[tuple[Block, Answer]]:
    parts: list[tuple[Block, Answer]] = []
    for half in halves(block):
        answer = await ask(half)
        parts += [(half, answer)] if answer is not None else await _halve(half, ask)
    return parts or [(block, None)]


async def _join(
    one: tuple[Block, Answer], other: tuple[Block, Answer], ask: Ask
) -> tuple[Block, Answer] | None:
    if one[1] is None or other[1] is None or one[0].end != other[0].start:
        return None
    both = block_of((*one[0].values, *other[0].values))
    answer = await ask(both)
    return None if answer is None else (both, answer)
