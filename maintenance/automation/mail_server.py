"""The mail server that letters to people leave by, and a letter as it leaves. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from enum import StrEnum
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from maintenance.requests.mail.judgement import PROGRAM

REMEDY = (
    "Write smtp://user:password@host?from=oilcan@example.com (STARTTLS), smtps:// for TLS from the "
    "first byte"
)

_SEVEN_BIT = SMTP.clone(cte_type="7bit")


class Security(StrEnum):
    """How the way to the mail server is protected."""

    TLS = "tls"
    STARTTLS = "starttls"
    NONE = "none"


_PORTS = {Security.TLS: 465, Security.STARTTLS: 587, Security.NONE: 25}


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where letters are handed in, as whom, and the address that they are from."""

    host: str
    port: int
    security: Security
    sender: str
    user: str = ""
    password: str = ""
    authority: Path | None = None

    @property
    def domain(self) -> str:
        """Of our address; it stands in the names of our letters."""
        return self.sender.rpartition("@")[2]


def parse_mail_server(address: str) -> MailServer:
    """The server of `smtp://user:password@host:port?from=ADDRESS&security=none&ca=FILE`.

    Raises `ValueError`, which says what is wrong with it.
    """
    parts = urlsplit(address)
    given = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    if parts.scheme not in {"smtp", "smtps"} or not parts.hostname:
        raise ValueError("this is no address of a mail server")
    if unknown := sorted(set(given) - {"from", "security", "ca"}):
        raise ValueError(f"a mail server has no {', '.join(unknown)}")
    user = unquote(parts.username or "")
    sender = given.get("from", user)
    if sender.count("@") != 1 or sender != "".join(sender.split()):
        raise ValueError("letters need an address that they are from")
    security = _security(parts.scheme, given.get("security"))
    return MailServer(
        host=parts.hostname,
        port=parts.port or _PORTS[security],
        security=security,
        sender=sender,
        user=user,
        password=unquote(parts.password or ""),
        authority=Path(given["ca"]) if "ca" in given else None,
    )


def compose(server: MailServer, message: Mapping[str, Any], at: datetime) -> bytes:
    """A claimed message as a letter, the same name at every attempt.

    It says by itself that a program wrote it (RFC 3834), so that no other program answers it, and
    that it is ours, so that it never becomes a request. Raises `ValueError` for an address that no
    header takes.
    """
    answered = message["in_reply_to"]
    letter = EmailMessage(policy=_SEVEN_BIT)
    letter["From"] = server.sender
    letter["To"] = message["recipient"]
    letter["Subject"] = " ".join(message["title"].split())
    letter["Date"] = format_datetime(at)
    letter["Message-ID"] = f"<{message['id']}@{server.domain}>"
    if answered:
        letter["In-Reply-To"] = letter["References"] = f"<{answered}>"
    letter["Auto-Submitted"] = "auto-replied" if answered else "auto-generated"
    letter["X-Auto-Response-Suppress"] = "All"
    letter["X-Application"] = PROGRAM
    letter.set_content(message["text"])
    return letter.as_bytes()


def _security(scheme: str, asked: str | None) -> Security:
    if scheme == "smtps":
        if asked not in {None, Security.TLS}:
            raise ValueError("smtps:// is TLS from the first byte: remove security=")
        return Security.TLS
    if asked not in {None, Security.STARTTLS, Security.NONE}:
        raise ValueError("smtp:// has security=starttls or security=none")
    return Security(asked or Security.STARTTLS)
