"""To whom an order can be given: people, teams and vendors by their codes."""

from collections.abc import Iterable
from difflib import get_close_matches

from config.database import Connection
from maintenance.errors import AssigneeUnknown
from maintenance.people.queries import takes_work, words_of_holders

_NEAR = 3


async def check_assignee(connection: Connection, code: str) -> None:
    """Raise `AssigneeUnknown` unless somebody who works has the code, or the plant keeps nobody."""
    if not await takes_work(connection, code):
        raise AssigneeUnknown(code, near=near(code, await words_of_holders(connection)))


def near(word: str, holders: Iterable[tuple[str, Iterable[str]]]) -> list[str]:
    """Codes that may have been meant by a word: by code, name or login, the likeliest first."""
    codes: dict[str, list[str]] = {}
    for code, words in holders:
        for each in {one.casefold() for one in words}:
            codes.setdefault(each, []).append(code)
    alike = get_close_matches(word.casefold(), sorted(codes), n=_NEAR, cutoff=0.6)
    return list(dict.fromkeys(code for each in alike for code in codes[each]))[:_NEAR]
