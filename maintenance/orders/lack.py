"""What an order lacks for a move. Pure."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Lack:
    """One thing that is lacking, by a code that stays the same and a sentence for people.

    `field` names what can be given along with the action; None: it has to be brought about first.
    """

    code: str
    message: str
    field: str | None = None
