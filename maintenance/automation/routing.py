"""What happened meets the rules: messages are laid out, commands carried out, each once.

A happening, all that its rules do about it and the mark that they did are one transaction. A command
that the order's state does not allow is refused with its reason, and what else the rule says goes on.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg

from config.clock import ClockUs, from_us, now_us
from config.database import Connection
from config.errors import OilcanError
from maintenance.automation import queries, store
from maintenance.automation.actions import carry_out
from maintenance.automation.answers import Answers, answers_by, tell_requesters
from maintenance.automation.channel import ChannelKind, timing
from maintenance.automation.definition import ACTION_NAMES, automation_from_json
from maintenance.automation.happening import ORDER_FACTS, Fact, Happening, plain_facts
from maintenance.automation.message import Message, digest, message
from maintenance.automation.queries import KeptAutomation, KeptChannel
from maintenance.automation.recipients import message_id, recipients
from maintenance.automation.rule import Action, CloseVerified, Notify, applies

ACTOR = "automation"
"""Who the audit trail names, followed by the rule's code."""

_GROUP = 100


@dataclass(frozen=True, slots=True)
class _Rules:
    automations: Mapping[str, KeptAutomation]
    channels: Mapping[str, KeptChannel]
    address: str
    answers: Answers | None


async def route(
    connection: Connection,
    *,
    address: str = "",
    answers: str = "",
    limit: int = _GROUP,
    clock: ClockUs = now_us,
) -> int:
    """Show what happened to the rules, oldest first; gives how many happenings there were.

    `address` is where the pages are, for links in messages; `answers` the channel of people by
    which those who asked by e-mail are told. Another process that does the same is left to it.
    """
    at = from_us(clock())
    async with connection.transaction():
        if not await store.try_route(connection):
            return 0
        rows = await store.waiting_happenings(connection, limit=limit)
        if rows:
            rules = await _rules(connection, address, answers)
            for row in rows:
                happening = _happening(row)
                await _show(connection, happening, rules, at)
                if rules.answers is not None:
                    await tell_requesters(connection, happening, rules.answers, at)
            await store.mark_routed(connection, [row["id"] for row in rows], at=at)
        return len(rows)


async def look_again(
    connection: Connection, *, limit: int = _GROUP, clock: ClockUs = now_us
) -> int:
    """Take up actions that waited until now; gives how many there were."""
    at = from_us(clock())
    async with connection.transaction():
        rows = await store.due_runs(connection, at=at, limit=limit)
        for row in rows:
            automation = automation_from_json(row["code"], row["definition"])
            action = automation.then[row["action"]]
            assert isinstance(action, CloseVerified)  # noqa: S101 - nothing else waits
            await _settle_run(
                connection, row["id"], action, automation.code, row["work_order_id"], at
            )
        return len(rows)


async def gather_digests(connection: Connection, *, clock: ClockUs = now_us) -> int:
    """Put one message in place of those that a digest tells of; gives how many digests there were."""
    at = from_us(clock())
    async with connection.transaction():
        made = 0
        for whose in await store.due_digests(connection, at=at):
            members = await store.digest_members(connection, whose, at=at)
            if members:
                said = digest([Message(each["title"], each["text"]) for each in members])
                payload = {"messages": [each["title"] for each in members]}
                given = {**whose, "title": said.title, "text": said.text}
                ids = [each["id"] for each in members]
                await store.gather(connection, given | {"payload": payload}, ids, at=at)
                made += 1
        return made


async def _rules(connection: Connection, address: str, answers: str) -> _Rules:
    channels = await queries.channels(connection)
    return _Rules(
        await queries.automations(connection),
        channels,
        address,
        answers_by(channels.get(answers), address),
    )


async def _show(connection: Connection, happening: Happening, rules: _Rules, at: datetime) -> None:
    for kept in rules.automations.values():
        # Its own doing wakes no rule again: two rules can not go round for ever.
        if str(happening.facts.get("actor") or "").startswith(f"{ACTOR}:"):
            continue
        if applies(kept.automation, happening):
            for index in range(len(kept.automation.then)):
                await _act(connection, happening, kept, index, rules, at)


async def _act(
    connection: Connection,
    happening: Happening,
    kept: KeptAutomation,
    index: int,
    rules: _Rules,
    at: datetime,
) -> None:
    action = kept.automation.then[index]
    waits = isinstance(action, CloseVerified)
    run = {
        "automation_id": kept.id,
        "outbox_id": happening.id,
        "action": index,
        "what": ACTION_NAMES[type(action)],
        "outcome": "waiting" if waits else "done",
        "due_at": at if waits else None,
        "work_order_id": happening.order_id,
        "at": at,
    }
    run_id = await store.begin_run(connection, run)
    if run_id is None:
        return
    if isinstance(action, Notify):
        detail = await _notify(connection, happening, action, rules, at)
        await store.end_run(connection, run_id, outcome="done", detail=detail)
    else:
        await _settle_run(connection, run_id, action, kept.automation.code, happening.order_id, at)


async def _settle_run(
    connection: Connection,
    run_id: int,
    action: Action,
    code: str,
    order_id: int | None,
    at: datetime,
) -> None:
    try:
        async with connection.transaction():
            done = await carry_out(connection, action, order_id, actor=f"{ACTOR}: {code}", at=at)
    except (OilcanError, psycopg.DataError, psycopg.IntegrityError) as error:
        await store.end_run(connection, run_id, outcome="refused", detail=str(error))
        return
    outcome = "done" if done.look_again_at is None else "waiting"
    await store.end_run(
        connection, run_id, outcome=outcome, detail=done.detail, due_at=done.look_again_at
    )


async def _notify(
    connection: Connection, happening: Happening, action: Notify, rules: _Rules, at: datetime
) -> str:
    said = message(action, happening, address=rules.address)
    told = []
    for code in action.channels:
        kept = rules.channels.get(code)
        if kept is None or kept.retired_at is not None:
            told.append(f"{code}: there is no such channel")
            continue
        when = timing(kept.channel, happening.priority, at)
        delivery = {
            "channel_id": kept.id,
            "outbox_id": happening.id,
            "topic": happening.topic,
            "title": said.title,
            "text": said.text,
            "payload": _data(happening),
            "priority": happening.priority,
            "digested": when.digested,
            "not_before": when.not_before,
            "at": at,
        }
        if kept.channel.kind is ChannelKind.PEOPLE:
            told += await _tell_people(connection, happening, action, delivery, code)
            continue
        fresh = await store.insert_delivery(connection, delivery)
        told.append(code if fresh else f"{code}: told already")
    return ", ".join(told)


async def _tell_people(
    connection: Connection,
    happening: Happening,
    action: Notify,
    delivery: Mapping[str, Any],
    code: str,
) -> list[str]:
    """Lay a message out for each of them; one without an address has one too, which says so."""
    found = await recipients(connection, happening, action.to)
    told = []
    for one in found:
        given = {"id": message_id(happening.id, one), "person": one.person}
        fresh = await store.insert_delivery(
            connection, {**delivery, **given, "recipient": one.address}
        )
        missing = "" if one.address else " (no e-mail address)"
        told.append(f"{code}: {one.person}{missing if fresh else ' told already'}")
    return told or [f"{code}: nobody is {' or '.join(action.to)}"]


def _data(happening: Happening) -> dict[str, Any]:
    return {**happening.payload, "facts": dict(happening.facts)}


def _happening(row: Mapping[str, Any]) -> Happening:
    of_order: dict[str, Fact] = {name: row[name] for name in ORDER_FACTS} if row["order_id"] else {}
    payload: Mapping[str, Any] = row["payload"] if isinstance(row["payload"], dict) else {}
    return Happening(
        id=row["id"],
        topic=row["topic"],
        at=row["at"],
        facts={**of_order, **plain_facts(payload), **_numbered(of_order)},
        payload=payload,
        order_id=row["order_id"],
        number=row["number"],
    )


def _numbered(of_order: Mapping[str, Fact]) -> dict[str, Fact]:
    """What a payload may not say otherwise."""
    return {name: of_order[name] for name in ("number", "priority", "state") if name in of_order}
