"""Mails as tests write them."""

from email.message import EmailMessage
from typing import Any


def letter(
    subject: str = "P-101 drips",
    text: str = "Oil below the coupling.\n",
    *,
    sender: str = "Lee Park <lee@example.com>",
    name: str | None = "one@example.com",
    **headers: str,
) -> EmailMessage:
    """A plain mail; further headers as `in_reply_to="<one@example.com>"`."""
    message = EmailMessage()
    message["From"] = sender
    message["To"] = "maintenance@example.com"
    message["Subject"] = subject
    if name is not None:
        message["Message-ID"] = f"<{name}>"
    for header, value in headers.items():
        message[header.replace("_", "-")] = value
    message.set_content(text)
    return message


def raw(*args: Any, **given: Any) -> bytes:
    """The same as it comes over the wire."""
    return letter(*args, **given).as_bytes()


def with_file(message: EmailMessage, data: bytes, name: str, kind: str = "image/jpeg") -> bytes:
    """A mail with a file, as it comes over the wire."""
    main, _, sub = kind.partition("/")
    message.add_attachment(data, maintype=main, subtype=sub, filename=name)
    return message.as_bytes()
