"""A folder of an IMAP server (RFC 9051, and 3501 before it): what waits in it, and what is done.

Blocking, by the standard library's `imaplib`; each call is made in a thread (`polling`).
"""

import imaplib
import re
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from maintenance.errors import MailboxUnavailable
from maintenance.requests.mail.tls import Wording, tls_trouble

_TIMEOUT_S = 20.0
_WORDING = Wording(
    host="OILCAN_MAIL_HOST",
    authority="OILCAN_MAIL_CA",
    other_way="is this the port of TLS (993)? At port 143 set OILCAN_MAIL_SECURITY=starttls",
)
_SIZE = re.compile(rb"RFC822\.SIZE (\d+)")


class Security(StrEnum):
    """How the way to the mail server is protected."""

    TLS = "tls"
    STARTTLS = "starttls"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Address:
    """Where the mailbox is, and who looks into it.

    With `done` (a folder), mails that were read are moved there; empty: they are marked as read.
    """

    host: str
    port: int
    user: str
    password: str
    security: Security = Security.TLS
    authority: Path | None = None
    folder: str = "INBOX"
    done: str = ""


class Mailbox:
    """An open mailbox. Every method raises `MailboxUnavailable` where the server does not do it."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._imap: imaplib.IMAP4 | None = None

    def open(self) -> None:
        """Sign in and open the folder."""
        address = self._address
        with self._told() as imap:
            if address.security is Security.STARTTLS:
                imap.starttls(self._trust())
            imap.login(address.user, address.password)
            self._done(imap.select(_quoted(address.folder)), f"open {address.folder}")
            if address.done:
                # It may be there already, and then the server says no.
                imap.create(_quoted(address.done))

    def waiting(self) -> list[int]:
        """Unique ids of the mails that were not read yet, oldest first."""
        wanted = "UNDELETED" if self._address.done else "UNSEEN UNDELETED"
        with self._told() as imap:
            (found, *_) = self._done(imap.uid("SEARCH", wanted), "search")
            return sorted(int(each) for each in (found or b"").split())

    def size(self, uid: int) -> int | None:
        """Size of a mail in bytes; None where it is gone."""
        with self._told() as imap:
            answer = self._done(imap.uid("FETCH", str(uid), "(RFC822.SIZE)"), "tell a size")
        found = next((size for each in answer if (size := _SIZE.search(_flat(each)))), None)
        return int(found[1]) if found else None

    def whole(self, uid: int) -> bytes | None:
        """A mail's bytes; None where it is gone. It stays unread."""
        return self._fetch(uid, "(BODY.PEEK[])")

    def head(self, uid: int) -> bytes | None:
        """The first of a mail's head, of a mail that is too large to be fetched."""
        return self._fetch(uid, "(BODY.PEEK[HEADER]<0.100000>)")

    def settle(self, uid: int) -> None:
        """Mark a mail as read, or move it to where those are that were read."""
        with self._told() as imap:
            self._done(imap.uid("STORE", str(uid), "+FLAGS.SILENT", r"(\Seen)"), "mark as read")
            if self._address.done:
                self._move(imap, uid)

    def close(self) -> None:
        """Sign out, if the server still listens."""
        if self._imap is not None:
            with suppress(imaplib.IMAP4.error, OSError):
                self._imap.logout()

    def cut(self) -> None:
        """End the connection at once; whoever waits for an answer has an error."""
        if self._imap is not None:
            with suppress(OSError):
                self._imap.shutdown()

    def _move(self, imap: imaplib.IMAP4, uid: int) -> None:
        done = _quoted(self._address.done)
        if "MOVE" in imap.capabilities:
            self._done(imap.uid("MOVE", str(uid), done), f"move to {self._address.done}")
            return
        self._done(imap.uid("COPY", str(uid), done), f"copy to {self._address.done}")
        self._done(imap.uid("STORE", str(uid), "+FLAGS.SILENT", r"(\Deleted)"), "delete")
        if "UIDPLUS" in imap.capabilities:
            self._done(imap.uid("EXPUNGE", str(uid)), "expunge")

    def _fetch(self, uid: int, what: str) -> bytes | None:
        with self._told() as imap:
            answer = self._done(imap.uid("FETCH", str(uid), what), "fetch")
        return next((bytes(each[1]) for each in answer if isinstance(each, tuple)), None)

    def _connected(self) -> imaplib.IMAP4:
        if self._imap is None:
            host, port = self._address.host, self._address.port
            if self._address.security is Security.TLS:
                trust = self._trust()
                self._imap = imaplib.IMAP4_SSL(host, port, ssl_context=trust, timeout=_TIMEOUT_S)
            else:
                self._imap = imaplib.IMAP4(host, port, timeout=_TIMEOUT_S)
        return self._imap

    def _trust(self) -> ssl.SSLContext:
        authority = self._address.authority
        try:
            return ssl.create_default_context(cafile=authority)
        except OSError as error:
            raise MailboxUnavailable(
                f"OILCAN_MAIL_CA: {authority} cannot be read: {error}"
            ) from error

    def _done(self, answer: tuple[str, list[Any]], what: str) -> list[Any]:
        status, data = answer
        if status != "OK":
            said = b" ".join(_flat(each) for each in data).decode(errors="replace")
            raise MailboxUnavailable(f"{self._address.host} does not {what}: {said}")
        return data

    @contextmanager
    def _told(self) -> Iterator[imaplib.IMAP4]:
        """The connection; what goes wrong on it is told in words."""
        try:
            yield self._connected()
        except ssl.SSLError as error:
            trouble = tls_trouble(error, _WORDING)
            raise MailboxUnavailable(f"{self._address.host}: {trouble}") from error
        except (imaplib.IMAP4.error, OSError, EOFError, ValueError) as error:
            raise MailboxUnavailable(f"{self._address.host}: {_words(error)}") from error


def _flat(part: object) -> bytes:
    if isinstance(part, tuple):
        return b" ".join(_flat(each) for each in part)
    return part if isinstance(part, bytes) else b""


def _quoted(folder: str) -> str:
    """A folder's name as IMAP wants it: modified UTF-7 is left to whoever writes the setting."""
    escaped = folder.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _words(error: Exception) -> str:
    """What the server said, which `imaplib` hands on as bytes."""
    said = error.args[0] if error.args else ""
    return said.decode(errors="replace") if isinstance(said, bytes) else str(error)
