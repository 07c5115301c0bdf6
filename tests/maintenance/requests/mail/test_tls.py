"""The way to a real mailbox by TLS: taken where the certificate is right, else told what to do."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from maintenance.errors import MailboxUnavailable
from maintenance.requests.mail.mailbox import Address, Mailbox, Security
from oilcan.engines.process import free_port
from tests.edge.modbus.authority import Authority
from tests.maintenance.requests.mail.dovecot import PASSWORD, Certified, dovecot, make_box
from tests.maintenance.requests.mail.letters import raw


@dataclass(frozen=True, slots=True)
class Server:
    """A mail server with a certificate for 127.0.0.1; the ports of STARTTLS and of TLS."""

    home: Path
    authority: Path
    starttls_port: int
    tls_port: int


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """A running server with a mailbox `lee@example.com` in which one mail waits."""
    with TemporaryDirectory(prefix="imap") as folder:
        home = Path(folder)
        authority = Authority.make(home / "ca")
        certified = Certified(*authority.issue("server"), port=free_port())
        with dovecot(home, certified) as port:
            box = make_box(home, port, "lee@example.com")
            box.deliver("1", raw("First"))
            yield Server(home, Path(authority.certificate), port, certified.port)


@pytest.fixture(params=[Security.TLS, Security.STARTTLS])
def address(server: Server, request: pytest.FixtureRequest) -> Address:
    """The mailbox by either way, with the authority that vouches for the server."""
    port = server.tls_port if request.param is Security.TLS else server.starttls_port
    return Address("127.0.0.1", port, "lee@example.com", PASSWORD, request.param, server.authority)


def trouble(address: Address) -> str:
    """What opening the mailbox says."""
    mailbox = Mailbox(address)
    try:
        with pytest.raises(MailboxUnavailable) as caught:
            mailbox.open()
    finally:
        mailbox.cut()
    return str(caught.value)


def test_a_mailbox_is_read_by_tls(address: Address) -> None:
    mailbox = Mailbox(address)
    try:
        mailbox.open()
        (uid,) = mailbox.waiting()
        assert b"First" in (mailbox.whole(uid) or b"")
    finally:
        mailbox.cut()


def test_a_certificate_that_nobody_vouches_for_is_refused(address: Address) -> None:
    said = trouble(replace(address, authority=None))
    assert said.startswith("127.0.0.1: its certificate is not trusted")
    assert said.endswith("name its authority in OILCAN_MAIL_CA")


def test_a_certificate_of_another_authority_is_refused(address: Address, tmp_path: Path) -> None:
    other = Path(Authority.make(tmp_path).certificate)
    assert "name its authority in OILCAN_MAIL_CA" in trouble(replace(address, authority=other))


def test_a_certificate_for_another_name_is_refused(address: Address) -> None:
    said = trouble(replace(address, host="localhost"))
    assert "its certificate is for another name" in said
    assert said.endswith("write OILCAN_MAIL_HOST as it has it")


def test_an_authority_that_is_not_there_is_named(address: Address, tmp_path: Path) -> None:
    missing = tmp_path / "ca.pem"
    assert f"OILCAN_MAIL_CA: {missing} cannot be read" in trouble(
        replace(address, authority=missing)
    )


def test_tls_at_the_port_of_starttls_says_which_way_to_take(server: Server) -> None:
    said = trouble(
        Address(
            "127.0.0.1",
            server.starttls_port,
            "lee@example.com",
            PASSWORD,
            Security.TLS,
            server.authority,
        )
    )
    assert "OILCAN_MAIL_SECURITY=starttls" in said
