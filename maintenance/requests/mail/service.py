"""Commands on mails: take one in, read a kept one again, discard it. One function, one transaction.

A mail makes one request or one comment, however often it is read: its name is written down in the
transaction in which it does so. What a person has to look at is kept whole.
"""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from secrets import token_urlsafe
from urllib.parse import unquote

import psycopg

from config.clock import ClockUs, from_us, now_us, to_us
from config.database import Connection
from maintenance.attachments.attachment import MOST_BYTES, NewAttachment, Subject, SubjectKind
from maintenance.attachments.folder import FileFolder
from maintenance.attachments.service import attach
from maintenance.errors import FileTooLarge, MailUnreadable, MaintenanceError, NotFound
from maintenance.requests.mail import queries, store
from maintenance.requests.mail.judgement import (
    Ruling,
    Welcome,
    first_line,
    is_flood,
    judge,
    why_no_answer,
)
from maintenance.requests.mail.kept import KeptState, Outcome, Taken
from maintenance.requests.mail.message import Mail, MailFile, head_of, read_mail
from maintenance.requests.mail.words import bare_subject, labels_in, marked_request, words_in
from maintenance.requests.queries import get_request
from maintenance.requests.request import Channel, NewRequest, WorkRequest
from maintenance.requests.service import comment, report, show_at_order

MOST_IN_AN_HOUR = 30
"""More mails of one sender are kept aside: it may be two programs that answer each other."""

_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Intake:
    """Where files go, who may write, and the largest file in bytes that is taken."""

    folder: FileFolder
    welcome: Welcome = field(default_factory=Welcome)
    largest_file: int = MOST_BYTES


async def take_in(
    connection: Connection, raw: bytes, *, intake: Intake, clock: ClockUs = now_us
) -> Taken:
    """Make a request or a comment of a mail, ignore it, or keep it aside; read again, it is known.

    Raises what the database and the folder of files raise when they are not there.
    """
    at = from_us(clock())
    try:
        mail = read_mail(raw)
        judged = judge(mail, intake.welcome)
        if judged.ruling is Ruling.KEEP:
            raise MailUnreadable(judged.reason)
        async with connection.transaction():
            if judged.ruling is Ruling.IGNORE:
                ignored = Taken(Outcome.IGNORED, reason=judged.reason)
                unanswered = store.Answering(no_answer=judged.reason)
                await store.insert_taken(connection, mail, ignored, unanswered, at=at)
                return ignored
            await _refuse_flood(connection, mail, at)
            return await _take(connection, mail, intake, at)
    except (MaintenanceError, psycopg.DataError, psycopg.IntegrityError) as error:
        return await keep_aside(connection, raw, reason=str(error), clock=clock)


async def keep_aside(
    connection: Connection,
    content: bytes,
    *,
    reason: str,
    whole_size: int | None = None,
    clock: ClockUs = now_us,
) -> Taken:
    """Keep a mail for a person; with `whole_size` (bytes), `content` is only its head."""
    sender, subject = head_of(content)
    aside = store.Aside(
        content=content,
        size=whole_size or len(content),
        is_whole=whole_size is None,
        sender=sender or "",
        subject=subject,
        reason=reason,
    )
    async with connection.transaction():
        await store.keep_aside(connection, aside, at=from_us(clock()))
    return Taken(Outcome.KEPT, reason=reason)


async def read_again(
    connection: Connection, kept_id: int, *, actor: str, intake: Intake, clock: ClockUs = now_us
) -> Taken:
    """Take a kept mail in after all: a person vouches for its sender.

    Raises `NotFound` where it does not wait, `MailUnreadable` where it still cannot be taken.
    """
    at = from_us(clock())
    try:
        async with connection.transaction():
            taken = await _vouched(connection, kept_id, intake, at)
            await store.settle_kept(
                connection, kept_id, KeptState.TAKEN, request=taken.request, actor=actor, at=at
            )
            return taken
    except (NotFound, MailUnreadable):
        raise
    except (MaintenanceError, psycopg.DataError, psycopg.IntegrityError) as error:
        async with connection.transaction():
            await store.explain_kept(connection, kept_id, str(error))
        raise MailUnreadable(str(error)) from error


async def discard(
    connection: Connection, kept_id: int, *, actor: str, clock: ClockUs = now_us
) -> None:
    """Say that nothing is to come of a kept mail. Raises `NotFound` where it does not wait."""
    async with connection.transaction():
        settled = await store.settle_kept(
            connection,
            kept_id,
            KeptState.DISCARDED,
            request=None,
            actor=actor,
            at=from_us(clock()),
        )
        if not settled:
            raise NotFound("kept mail", str(kept_id))


async def _vouched(connection: Connection, kept_id: int, intake: Intake, at: datetime) -> Taken:
    held = await store.hold_kept(connection, kept_id)
    if held is None:
        raise NotFound("kept mail", str(kept_id))
    content, is_whole = held
    if not is_whole:
        raise MailUnreadable("only its head is here: read it in the mailbox")
    mail = read_mail(content)
    if mail.sender is None:
        raise MailUnreadable("it does not say which one address it is from")
    return await _take(connection, mail, intake, at)


async def _refuse_flood(connection: Connection, mail: Mail, at: datetime) -> None:
    taken = await queries.taken_since(connection, mail.sender or "", at - _HOUR)
    if is_flood(taken, MOST_IN_AN_HOUR):
        raise MailUnreadable(f"{mail.sender} wrote more than {MOST_IN_AN_HOUR} mails in an hour")


async def _take(connection: Connection, mail: Mail, intake: Intake, at: datetime) -> Taken:
    """In the caller's transaction: a request, or a word on the one that the mail replies to."""
    number = await _request_of(connection, mail)
    outcome = Outcome.REQUEST if number is None else Outcome.COMMENT
    # A name of its own first: whoever reads the same mail meanwhile waits, and finds it taken.
    link = token_urlsafe(32)
    answering = store.Answering(why_no_answer(mail, intake.welcome), None if number else link)
    if not await store.insert_taken(connection, mail, Taken(outcome, number), answering, at=at):
        return await _known(connection, mail)
    if number is None:
        request = await _report(connection, mail, link, at)
    else:
        request = await _comment(connection, mail, number, at)
    taken = Taken(outcome, request.number)
    await store.note_taken(connection, mail.message_id, taken)
    await _attach(connection, mail, request, intake=intake, at=at)
    return taken


async def _known(connection: Connection, mail: Mail) -> Taken:
    if await queries.content_of_taken(connection, mail.message_id) != mail.content_hash:
        raise MailUnreadable("another mail had its Message-ID before")
    return Taken(Outcome.KNOWN)


async def _request_of(connection: Connection, mail: Mail) -> str | None:
    """Number of the request that a mail is about: by our mark in its subject, else by its thread."""
    marked = marked_request(mail.subject)
    if marked is not None and await queries.request_exists(connection, marked):
        return marked
    return await queries.request_of_threads(connection, mail.threads)


async def _report(connection: Connection, mail: Mail, link: str, at: datetime) -> WorkRequest:
    subject = bare_subject(mail.subject)
    new = NewRequest(
        title=subject or first_line([mail.text]) or mail.files[0].name,
        channel=Channel.EMAIL,
        description=mail.text,
        asset=await _asset(connection, mail),
        contact=mail.sender or "",
        external_id=mail.message_id,
        follow_hash=hashlib.sha256(link.encode()).digest(),
    )
    actor = await _reporter(connection, mail)
    reported = await report(connection, new, actor=actor, clock=lambda: to_us(at))
    return reported.request


async def _comment(connection: Connection, mail: Mail, number: str, at: datetime) -> WorkRequest:
    said = mail.text or ", ".join(each.name for each in mail.files) or bare_subject(mail.subject)
    actor = await _reporter(connection, mail)
    return await comment(connection, number, said, actor=actor, clock=lambda: to_us(at))


async def _reporter(connection: Connection, mail: Mail) -> str:
    sender = mail.sender or ""
    return await queries.staff_of_address(connection, sender) or sender


async def _asset(connection: Connection, mail: Mail) -> str | None:
    """The asset that a mail names: by a label's address, first in its subject, alone in its text."""
    everything = f"{mail.subject}\n{mail.text}"
    labels = [unquote(each) for each in labels_in(everything)]
    if found := await queries.tags_among(connection, labels):
        return found[0]
    if found := await queries.tags_among(connection, _spelt(mail.subject)):
        return found[0]
    found = await queries.tags_among(connection, _spelt(mail.text))
    return found[0] if len(found) == 1 else None


def _spelt(text: str) -> list[str]:
    """Words as they are written, and in capitals, as tags mostly are."""
    return [spelling for word in words_in(text) for spelling in (word, word.upper())]


async def _attach(
    connection: Connection, mail: Mail, request: WorkRequest, *, intake: Intake, at: datetime
) -> None:
    subject = Subject(SubjectKind.REQUEST, request.id)
    actor = await _reporter(connection, mail)
    left = [f"{mail.files_left} more"] if mail.files_left else []
    for file in mail.files:
        try:
            received = intake.folder.receive_bytes(
                [file.data], name=file.name, most=intake.largest_file
            )
        except FileTooLarge:
            left.append(_size_of(file))
            continue
        new = NewAttachment(subject, file.name)
        await attach(connection, intake.folder, received, new, actor=actor, at=at)
    if left:
        text = f"Not taken, look into the mailbox: {', '.join(left)}"
        await comment(connection, request.number, text, actor="mailbox", clock=lambda: to_us(at))
    if mail.files and (await get_request(connection, request.number)).work_order:
        await show_at_order(connection, request.id, actor=actor, at=at)


def _size_of(file: MailFile) -> str:
    return f"{file.name} ({len(file.data) / 1024**2:.1f} MiB)"
