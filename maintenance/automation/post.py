"""Hands one letter in at a mail server (RFC 5321), and says what is certain about it. Blocking."""

import smtplib
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import Any

from maintenance.automation.delivery import Outcome
from maintenance.automation.mail_server import MailServer, Security, compose, parse_mail_server
from maintenance.requests.mail.tls import Wording, tls_trouble

_WORDING = Wording(
    host="the host of the channel's address",
    authority="the channel's address (ca=FILE)",
    other_way="smtps:// is for the port of TLS (465), smtp:// for that of STARTTLS (587)",
)
_TIMEOUT_S = 20.0
_REFUSED_FOR_GOOD = 500


def post(message: Mapping[str, Any], at: datetime) -> Outcome:
    """Try once to hand in a claimed message; never raises for what the server does.

    Only what fails after the letter has begun to leave is uncertain.
    """
    if not message["recipient"]:
        who = message["person"]
        return Outcome(
            f"{who} has no e-mail address: give one under `contacts:` of {who}, then send it again"
        )
    try:
        server = parse_mail_server(message["address"])
        letter = compose(server, message, at)
    except ValueError as error:
        return Outcome(str(error))
    try:
        with _connected(server) as smtp:
            return _hand_in(smtp, server, message["recipient"], letter)
    except ssl.SSLError as error:
        return Outcome(f"{server.host}: {tls_trouble(error, _WORDING)}", retry=True)
    except (smtplib.SMTPException, OSError) as error:
        return Outcome(f"{server.host}: {_words(error)}", retry=True)
    except ValueError as error:
        return Outcome(f"{message['recipient']} cannot be written to: {error}")


def _hand_in(smtp: smtplib.SMTP, server: MailServer, recipient: str, letter: bytes) -> Outcome:
    for code, said in (smtp.mail(server.sender), smtp.rcpt(recipient)):
        if code >= 400:
            return _refused(server, recipient, code, said)
    try:
        code, said = smtp.data(letter)
    except smtplib.SMTPDataError as error:
        return _refused(server, recipient, error.smtp_code, error.smtp_error)
    except (smtplib.SMTPServerDisconnected, OSError) as error:
        return Outcome(
            f"{server.host} gave no answer to the letter, it may have been sent: {_words(error)}",
            uncertain=True,
        )
    return Outcome() if code == 250 else _refused(server, recipient, code, said)


def _refused(server: MailServer, recipient: str, code: int, said: bytes | str) -> Outcome:
    words = said.decode(errors="replace") if isinstance(said, bytes) else said
    error = f"{server.host} refuses a letter to {recipient}: {code} {words}"
    return Outcome(error, retry=code < _REFUSED_FOR_GOOD)


@contextmanager
def _connected(server: MailServer) -> Iterator[smtplib.SMTP]:
    smtp = _connect(server)
    try:
        if server.security is Security.STARTTLS:
            smtp.starttls(context=_trust(server))
        smtp.ehlo_or_helo_if_needed()
        if server.user and server.password:
            smtp.login(server.user, server.password)
        yield smtp
        with suppress(smtplib.SMTPException, OSError):
            smtp.quit()
    finally:
        smtp.close()


def _connect(server: MailServer) -> smtplib.SMTP:
    if server.security is Security.TLS:
        trust = _trust(server)
        return smtplib.SMTP_SSL(server.host, server.port, timeout=_TIMEOUT_S, context=trust)
    return smtplib.SMTP(server.host, server.port, timeout=_TIMEOUT_S)


def _trust(server: MailServer) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=server.authority)


def _words(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        said = error.smtp_error
        words = said.decode(errors="replace") if isinstance(said, bytes) else said
        return f"{error.smtp_code} {words}"
    return str(error) or type(error).__name__
