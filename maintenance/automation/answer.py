"""The words of answers to those who ask for work by e-mail. Pure."""

from maintenance.automation.message import Message
from maintenance.requests.mail.kept import Outcome
from maintenance.requests.mail.words import bare_subject, request_mark
from maintenance.requests.request import WorkRequest
from maintenance.requests.standing import Stage, Standing

_TOLD = frozenset({Stage.PLANNED, Stage.DONE, Stage.DECLINED})
_REPLY = "What you reply to this mail is added to your request."


def receipt(
    request: WorkRequest, standing: Standing, outcome: Outcome, *, subject: str, link: str
) -> Message:
    """What the sender of a mail hears at once: its number, and where it is followed."""
    did = "was added to" if outcome is Outcome.COMMENT else "is now"
    return _message(request, subject, f"Your mail {did} request {request.number}.", standing, link)


def news(request: WorkRequest, standing: Standing, *, subject: str, link: str) -> Message:
    """What a requester hears when their request has come further."""
    return _message(request, subject, f"Your request {request.number}:", standing, link)


def is_news(stage: Stage, told: Stage | None) -> bool:
    """Is a requester told of this stage, of whom `told` was noted last?

    Work that stands still and goes on is no news, and neither is what is planned anew; what came back
    to be triaged is.
    """
    if stage is Stage.PLANNED:
        return told in {None, Stage.RECEIVED}
    return stage in _TOLD and stage is not told


def _message(
    request: WorkRequest, subject: str, first: str, standing: Standing, link: str
) -> Message:
    planned = f"Planned for {standing.planned_start:%F %H:%M} UTC" if standing.planned_start else ""
    lines = [first, request.title, "", standing.sentence, planned, link, "", _REPLY]
    text = "\n".join(line for index, line in enumerate(lines) if line or index in {2, 6})
    return Message(f"Re: {bare_subject(subject)} {request_mark(request.number)}", text)
