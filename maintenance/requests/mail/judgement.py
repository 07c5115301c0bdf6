"""Whose mail becomes a request: not a program's, not our own, not a stranger's. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from maintenance.requests.mail.message import Mail

PROGRAM = "Oilcan"
"""How our own messages name their sender, in the header `X-Application`."""

_FROM_PROGRAMS = frozenset({"bulk", "junk", "auto_reply"})


_UNREAD = frozenset(
    {"mailer-daemon", "postmaster", "no-reply", "noreply", "do-not-reply", "donotreply"}
)


class Ruling(StrEnum):
    """What becomes of a mail."""

    TAKE = "take"
    IGNORE = "ignore"
    """A program's: an absence, a bounce, one of ours. It says nothing to us."""
    KEEP = "keep"
    """A person has to look at it."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """A ruling and its reason."""

    ruling: Ruling
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Welcome:
    """Who may write: addresses and domains, in small letters; none: everybody. `own` is ours."""

    senders: tuple[str, ...] = ()
    own: str = ""

    def admits(self, sender: str) -> bool:
        """May this address make requests?"""
        domain = sender.rpartition("@")[2]
        return not self.senders or sender in self.senders or domain in self.senders


def judge(mail: Mail, welcome: Welcome) -> Judgement:
    """What becomes of a mail, before anybody asks what it is about."""
    if (why := _program(mail, welcome)) is not None:
        return Judgement(Ruling.IGNORE, why)
    if mail.sender is None:
        return Judgement(Ruling.KEEP, "it does not say which one address it is from")
    if not welcome.admits(mail.sender):
        return Judgement(Ruling.KEEP, f"{mail.sender} is none of those who may write")
    if not mail.subject and not mail.text and not mail.files:
        return Judgement(Ruling.KEEP, "it says nothing")
    return Judgement(Ruling.TAKE)


def why_no_answer(mail: Mail, welcome: Welcome) -> str:
    """Why a mail that was taken gets no answer (RFC 3834, 2); empty: it gets one.

    A person may vouch for a program's mail: it becomes a request, and is not answered all the same.
    """
    if mail.sender is None:
        return "it does not say which one address it is from"
    if (why := _program(mail, welcome)) is not None:
        return why
    if "list-id" in mail.signs or mail.signs.get("precedence") == "list":
        return "it came by a list"
    if "x-auto-response-suppress" in mail.signs or "x-loop" in mail.signs:
        return "its sender wants no answers of programs"
    if mail.sender.partition("@")[0] in _UNREAD:
        return "nobody reads what is sent to its sender"
    return ""


def parse_senders(text: str) -> tuple[str, ...]:
    """Addresses and domains out of a text with commas; `@` before a domain may be left out."""
    given = (each.strip().lower().removeprefix("@") for each in text.split(","))
    return tuple(each for each in given if each)


def is_flood(taken_in_an_hour: int, most: int) -> bool:
    """Does one sender write more than a person does?"""
    return taken_in_an_hour >= most


def _program(mail: Mail, welcome: Welcome) -> str | None:
    signs = mail.signs
    if welcome.own and mail.sender == welcome.own.lower():
        return "it is from our own address"
    if signs.get("x-application") == PROGRAM.lower():
        return "it is one of our own messages"
    # RFC 3834: everything but `no` was sent by a program.
    if signs.get("auto-submitted", "no").partition(";")[0].strip() != "no":
        return "a program sent it by itself (Auto-Submitted)"
    if signs.get("precedence") in _FROM_PROGRAMS:
        return f"a program sent it to many (Precedence: {signs['precedence']})"
    if signs.get("return-path") == "<>" or mail.kind == "multipart/report":
        return "it tells what became of another mail (a bounce)"
    if "x-autoreply" in signs or "x-autorespond" in signs:
        return "a program answered by itself"
    if mail.kind == "calendar-reply":
        return "it answers an invitation"
    return None


def first_line(texts: Sequence[str]) -> str:
    """The first line that says something: the title of a mail without a subject."""
    lines = (line.strip() for text in texts for line in text.splitlines())
    return next((line for line in lines if line), "")
