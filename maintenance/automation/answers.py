"""Answers to those who ask for work by e-mail, laid out as deliveries: each once, and none lost.

A mail has one answer at most, in the transaction that marks it as answered. What becomes of its
request is told as it happens, in the transaction that shows the happening to the rules.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from config.clock import ClockUs, from_us, now_us
from config.database import Connection
from maintenance.automation import answer_store, queries, store
from maintenance.automation.answer import is_news, news, receipt
from maintenance.automation.channel import ChannelKind
from maintenance.automation.happening import Happening
from maintenance.automation.message import Message
from maintenance.automation.queries import KeptChannel
from maintenance.automation.recipients import Recipient, answer_id, message_id
from maintenance.requests.mail.kept import Outcome
from maintenance.requests.queries import get_request, request_by_id
from maintenance.requests.request import WorkRequest
from maintenance.requests.service import order_of
from maintenance.requests.standing import Stage, Standing, standing

MOST_IN_AN_HOUR = 10
"""More mails of one address are not answered: it may be a program that does not say so."""

_HOUR = timedelta(hours=1)
# A mail that waited longer is answered no more: there was no channel to answer it by.
_LATEST = timedelta(days=1)
_GROUP = 100


@dataclass(frozen=True, slots=True)
class Answers:
    """The channel of people that answers leave by, and where the pages are, for links."""

    channel: KeptChannel
    address: str = ""


def answers_by(channel: KeptChannel | None, address: str) -> Answers | None:
    """Answers by a channel; None where there is no such channel of people."""
    if channel is None or not channel.is_open or channel.channel.kind is not ChannelKind.PEOPLE:
        return None
    return Answers(channel, address)


async def answer_mails(
    connection: Connection, code: str, *, address: str = "", clock: ClockUs = now_us
) -> int:
    """Lay out answers to mails that were taken, by the channel `code`; gives how many were due."""
    at = from_us(clock())
    answers = answers_by((await queries.channels(connection)).get(code), address)
    if answers is None:
        return 0
    async with connection.transaction():
        due = await answer_store.due(connection, since=at - _LATEST, limit=_GROUP)
        for mail in due:
            await _answer(connection, answers, mail, at)
        return len(due)


async def tell_requesters(
    connection: Connection, happening: Happening, answers: Answers, at: datetime
) -> None:
    """Tell those who asked by e-mail what has become of it, in the caller's transaction."""
    number = happening.payload.get("request")
    for asked in await answer_store.asked(connection, happening.order_id, number):
        request = await request_by_id(connection, asked["id"])
        now = await _standing(connection, request)
        told = Stage(asked["stage"]) if asked["stage"] else None
        if now.stage is told:
            continue
        await answer_store.note_told(connection, request.id, now.stage, at=at)
        if is_news(now.stage, told):
            said = news(request, now, subject=asked["subject"], link=_link(answers, asked))
            whom = Recipient(asked["sender"], asked["sender"])
            given = {"id": message_id(happening.id, whom), "topic": happening.topic}
            given["outbox_id"] = happening.id
            await _lay_out(connection, answers, asked, said, given, at)


async def _answer(
    connection: Connection, answers: Answers, mail: Mapping[str, Any], at: datetime
) -> None:
    name, sender = mail["message_id"], mail["sender"]
    if await answer_store.count_answers(connection, sender, at - _HOUR) >= MOST_IN_AN_HOUR:
        why = f"{sender} had {MOST_IN_AN_HOUR} answers within an hour"
        await answer_store.note_unanswered(connection, name, why)
        return
    request = await get_request(connection, mail["request"])
    said = receipt(
        request,
        await _standing(connection, request),
        Outcome(mail["outcome"]),
        subject=mail["subject"] or request.title,
        link=_link(answers, mail),
    )
    given = {"id": answer_id(name), "topic": answer_store.RECEIPT, "outbox_id": None}
    await _lay_out(connection, answers, mail, said, given, at)
    await answer_store.note_answered(connection, name, at=at)


async def _lay_out(
    connection: Connection,
    answers: Answers,
    mail: Mapping[str, Any],
    said: Message,
    given: Mapping[str, Any],
    at: datetime,
) -> None:
    """At once: whoever wrote is awake, and asked."""
    name = mail["message_id"]
    delivery = {
        "channel_id": answers.channel.id,
        "title": said.title,
        "text": said.text,
        "payload": {},
        "priority": None,
        "digested": False,
        "not_before": at,
        "at": at,
        "person": mail["sender"],
        "recipient": mail["sender"],
        # A mail without a name of its own can not be referred to.
        "in_reply_to": None if name.startswith("sha256:") else name,
    }
    await store.insert_delivery(connection, delivery | dict(given))


async def _standing(connection: Connection, request: WorkRequest) -> Standing:
    return standing(request, await order_of(connection, request))


def _link(answers: Answers, mail: Mapping[str, Any]) -> str:
    if not answers.address or not mail["follow"]:
        return ""
    return f"{answers.address}/follow/{mail['follow']}"
