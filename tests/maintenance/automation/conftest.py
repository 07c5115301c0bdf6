"""Ends for messages: a real HTTP server that keeps what it gets, and a real mail server."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP

from tests.edge.modbus.authority import Authority


@dataclass(slots=True)
class Receiver:
    """An HTTP server on loopback. `statuses` are answered in turn; the last one again and again."""

    port: int = 0
    statuses: list[int] = field(default_factory=lambda: [204])
    headers: list[dict[str, str]] = field(default_factory=list)
    bodies: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}/hook"

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Keep one request and answer it."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        lines = (line.split(": ", 1) for line in head.split("\r\n")[1:] if line)
        headers = {name.lower(): value for name, value in lines}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        self.headers.append(headers)
        self.bodies.append(body.decode())
        status = self.statuses[0] if len(self.statuses) == 1 else self.statuses.pop(0)
        writer.write(
            f"HTTP/1.1 {status} X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode()
        )
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    def documents(self) -> list[dict[str, Any]]:
        """What it got."""
        return [json.loads(body) for body in self.bodies]


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """A server that answers 204 to whatever it is sent."""
    kept = Receiver()
    server = await asyncio.start_server(kept.answer, "127.0.0.1", 0)
    kept.port = server.sockets[0].getsockname()[1]
    yield kept
    server.close()
    await server.wait_closed()


@dataclass(slots=True)
class Mailbox:
    """A mail server on loopback and what it was given; `refused` is said to every address."""

    port: int = 0
    letters: list[Any] = field(default_factory=list)
    refused: str = ""

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any
    ) -> str:
        """Take an address, or refuse it as `refused` says."""
        if not self.refused:
            envelope.rcpt_tos.append(address)
        return self.refused or "250 known"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        """Keep a letter."""
        self.letters.append(envelope)
        return "250 kept"


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    """An authority of the test's own."""
    return Authority.make(tmp_path / "ca")


@pytest.fixture
async def tls_mailbox(authority: Authority) -> AsyncIterator[Mailbox]:
    """The same by STARTTLS alone, with a certificate for 127.0.0.1."""
    kept = Mailbox()
    trust = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    trust.load_cert_chain(*authority.issue("mail"))
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(kept, tls_context=trust, require_starttls=True), "127.0.0.1", 0
    )
    kept.port = server.sockets[0].getsockname()[1]
    yield kept
    server.close()
    await server.wait_closed()


@pytest.fixture
async def mailbox() -> AsyncIterator[Mailbox]:
    """A mail server that takes whatever it is given."""
    kept = Mailbox()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(kept), "127.0.0.1", 0)
    kept.port = server.sockets[0].getsockname()[1]
    yield kept
    server.close()
    await server.wait_closed()
