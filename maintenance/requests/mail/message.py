"""A mail as it came, read into what a request needs. Pure: any bytes, and never a traceback.

The standard library's parser does the work (`email`, policy `default`). Its reader of structured
headers raises all sorts of errors for headers that nobody wrote by hand, so each is asked for by
itself, from a raw text of bounded length, and one that cannot be read counts as not there.
"""

import hashlib
import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.errors import MessageError
from email.message import Message
from email.utils import getaddresses
from typing import TypeVar

from maintenance.errors import MailUnreadable
from maintenance.requests.mail.words import is_answer, is_forward, own_words, plain_of_html

MOST_FILES = 20
"""Files of one mail that are kept; of more, the text says that they were left."""

_MOST_PARTS = 500
_DEEPEST = 30
_LONGEST_HEADER = 8192
_LONGEST_ID = 400
_LONGEST_NAME = 200
_LONGEST_ADDRESS = 320  # RFC 5321: 64 octets, @, 255 octets
# Logos and lines of signatures; what somebody photographs is larger.
_DECORATION_BYTES = 8 * 1024

_ID = re.compile(r"<([^<>\s\x00-\x1f]+)>")
_ADDRESS = re.compile(r"[^\s@<>\"(),:;\x00-\x1f]+@[^\s@<>\"(),:;\x00-\x1f]+\Z")
_UNNAMEABLE = re.compile(r"[\x00-\x1f\x7f/\\]+")

_BROKEN = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    MessageError,
    RuntimeError,
    TypeError,
    ValueError,
)
"""What the standard library raises for what cannot be read; `RecursionError` is among them."""

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class MailFile:
    """A file that came with a mail."""

    name: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Mail:
    """What a mail says.

    `message_id` names it: as it names itself, else the digest of its bytes. `threads` are the
    names of the mails that it replies to, the nearest first. `files_left` says how many files were
    too many. `signs` are the headers by which programs say what they are, in small letters.
    """

    message_id: str
    threads: tuple[str, ...]
    sender: str | None
    subject: str
    text: str
    files: tuple[MailFile, ...]
    files_left: int
    signs: dict[str, str]
    kind: str

    @property
    def content_hash(self) -> bytes:
        """The same for the same mail by whatever way it came, and for no other one."""
        said = "\0".join([self.sender or "", self.subject, self.text])
        parts = [said.encode(errors="replace"), *(each.data for each in self.files)]
        return hashlib.sha256(b"\0".join(hashlib.sha256(each).digest() for each in parts)).digest()


SIGNS = (
    "auto-submitted",
    "precedence",
    "return-path",
    "x-autoreply",
    "x-autorespond",
    "x-application",
    "x-auto-response-suppress",
    "x-loop",
    "list-id",
)
"""Headers that tell a program's mail from a person's."""


def read_mail(raw: bytes) -> Mail:
    """What a mail says. Raises `MailUnreadable`, which says why a person has to look at it."""
    try:
        message = message_from_bytes(raw, policy=policy.default)
    except _BROKEN as error:
        raise MailUnreadable(f"it cannot be taken apart ({type(error).__name__})") from error
    subject = _line(_decoded(message, "subject"))
    threads = _threads(message)
    is_reply = (bool(threads) or is_answer(subject)) and not is_forward(subject)
    parts = _Parts()
    parts.read(message)
    return Mail(
        message_id=_own_id(message, raw),
        threads=threads,
        sender=_sender(message),
        subject=subject,
        text=own_words(parts.text, is_reply=is_reply),
        files=tuple(parts.files),
        files_left=parts.files_left,
        signs={name: _line(_raw(message, name)).lower() for name in SIGNS if name in message},
        kind=parts.kind or _type(message),
    )


def head_of(raw: bytes) -> tuple[str | None, str]:
    """Sender and subject, as far as they can be read at all: for what is kept aside."""
    try:
        message = message_from_bytes(raw[:200_000], policy=policy.default)
    except _BROKEN:
        return None, ""
    return _sender(message), _line(_decoded(message, "subject"))


class _Parts:
    """Gathers texts and files of a message, its parts in the order in which they stand."""

    def __init__(self) -> None:
        self.plain: list[str] = []
        self.html: list[str] = []
        self.files: list[MailFile] = []
        self.files_left = 0
        self.kind = ""

    @property
    def text(self) -> str:
        """The plain text, or what is seen of the HTML where there is none."""
        if any(each.strip() for each in self.plain):
            return "\n".join(self.plain)
        return "\n".join(_seen(each) for each in self.html)

    def read(self, message: Message) -> None:
        for part in _leaves(message):
            kind = _type(part)
            if kind in _ENCRYPTED:
                raise MailUnreadable("it is encrypted")
            if kind == "text/calendar" and _is_answer_to_invitation(part):
                self.kind = "calendar-reply"
            if kind in {"text/plain", "text/html"} and not _is_file(part):
                (self.plain if kind == "text/plain" else self.html).append(_text(part))
            else:
                self._keep(part, kind)

    def _keep(self, part: Message, kind: str) -> None:
        data = _bytes(part)
        decoration = kind.startswith("image/") and "content-id" in part and not _is_attached(part)
        if not data or (decoration and len(data) < _DECORATION_BYTES):
            return
        if len(self.files) >= MOST_FILES:
            self.files_left += 1
        else:
            self.files.append(MailFile(_name(part, kind), data))


_ENCRYPTED = frozenset({"application/pkcs7-mime", "application/x-pkcs7-mime"})


def _leaves(message: Message) -> Iterator[Message]:
    """Parts that are no containers; a mail within the mail is one of them.

    Raises `MailUnreadable` where there are too many, or too deep, to be a person's.
    """
    stack = [(message, 0)]
    seen = 0
    while stack:
        part, depth = stack.pop()
        seen += 1
        if seen > _MOST_PARTS or depth > _DEEPEST:
            raise MailUnreadable("it has too many parts")
        if _type(part) == "multipart/encrypted":
            raise MailUnreadable("it is encrypted")
        inner = part.get_payload() if part.is_multipart() else None
        if isinstance(inner, list) and _type(part).startswith("multipart/"):
            stack.extend((each, depth + 1) for each in reversed(inner) if isinstance(each, Message))
        else:
            yield part


def _text(part: Message) -> str:
    data = _bytes(part)
    charset = _safely(lambda: str(part.get_content_charset() or ""), "")
    for name in dict.fromkeys((charset, "utf-8", "cp1252")):
        decoded = _decode(data, name) if name else None
        if decoded is not None:
            return decoded.removeprefix("\ufeff")
    return data.decode("latin-1")


def _decode(data: bytes, charset: str) -> str | None:
    try:
        return data.decode(charset)
    except _BROKEN:
        return None


def _seen(html: str) -> str:
    return _safely(lambda: plain_of_html(html), "")


def _bytes(part: Message) -> bytes:
    if part.is_multipart():
        inner = part.get_payload()
        first = inner[0] if isinstance(inner, list) and inner else None
        return _safely(first.as_bytes, b"") if isinstance(first, Message) else b""
    return _safely(lambda: _decoded_payload(part), b"")


def _decoded_payload(part: Message) -> bytes:
    found: object = part.get_payload(decode=True)
    return found if isinstance(found, bytes) else b""


def _name(part: Message, kind: str) -> str:
    given = _safely(lambda: part.get_filename() or "", "")
    name = _UNNAMEABLE.sub("_", _line(str(given)))[-_LONGEST_NAME:].strip()
    return name or _NAMES.get(kind, "file")


_NAMES = {
    "message/rfc822": "mail.eml",
    "text/calendar": "invitation.ics",
    "image/jpeg": "picture.jpg",
    "image/png": "picture.png",
}


def _is_attached(part: Message) -> bool:
    return _safely(lambda: part.get_content_disposition(), None) == "attachment"


def _is_file(part: Message) -> bool:
    named = bool(_safely(lambda: part.get_filename(), None))
    return _is_attached(part) or named


def _is_answer_to_invitation(part: Message) -> bool:
    method = _safely(lambda: str(part.get_param("method", "")), "").upper()
    return method in {"REPLY", "COUNTER", "REFRESH"}


def _type(part: Message) -> str:
    return _safely(part.get_content_type, "application/octet-stream")


def _sender(message: Message) -> str | None:
    """The one address that it says it is from, in small letters."""
    told: list[tuple[str, str]] = _safely(lambda: list(getaddresses([_raw(message, "from")])), [])
    found = [address.strip().lower() for _, address in told if _ADDRESS.match(address.strip())]
    return found[0] if len(found) == 1 and len(found[0]) <= _LONGEST_ADDRESS else None


def _own_id(message: Message, raw: bytes) -> str:
    found = _ID.search(_raw(message, "message-id"))
    if found and len(found[1]) <= _LONGEST_ID and found[1].isprintable():
        return found[1]
    return f"sha256:{hashlib.sha256(raw).hexdigest()}"


def _threads(message: Message) -> tuple[str, ...]:
    names = _ID.findall(_raw(message, "in-reply-to"))
    names += reversed(_ID.findall(_raw(message, "references")))
    return tuple(dict.fromkeys(name for name in names if len(name) <= _LONGEST_ID))[:50]


def _decoded(message: Message, name: str) -> str:
    """A header with its encoded words decoded; where that fails, as it stands."""
    raw = _raw(message, name)
    factory = policy.default.header_factory
    return _safely(lambda: str(factory(name, raw)), raw)


def _raw(message: Message, name: str) -> str:
    """A header as it stands; bytes that no header may have are taken for UTF-8, else Latin."""
    found = next((value for key, value in message.raw_items() if key.lower() == name), "")
    text = str(found)[-_LONGEST_HEADER:] if name == "references" else str(found)[:_LONGEST_HEADER]
    data = text.encode("utf-8", "surrogateescape")
    text = _decode(data, "utf-8") or data.decode("cp1252", "replace")
    return re.sub(r"\r?\n[ \t]?", " ", text) if name != "subject" else _unfolded(text)


def _unfolded(text: str) -> str:
    """A header in one line, the space that begins a continued line kept (RFC 5322, 2.2.3)."""
    return re.sub(r"\r?\n(?=[ \t])", "", text).replace("\r", " ").replace("\n", " ")


def _line(text: str) -> str:
    """One line without what is no text."""
    kept = (" " if unicodedata.category(c) in {"Cc", "Zl", "Zp"} else c for c in text)
    return " ".join("".join(c for c in kept if unicodedata.category(c) != "Cs").split())


def _safely(ask: Callable[[], _T], otherwise: _T) -> _T:
    try:
        return ask()
    except _BROKEN:
        return otherwise
