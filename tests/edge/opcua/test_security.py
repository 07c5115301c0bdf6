"""Secured sessions with real servers: policies, logins, first contact and what is refused."""

import asyncio
import re
import shlex
import shutil
import subprocess
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from asyncua import Server, ua
from asyncua.crypto.permission_rules import User, UserRole
from asyncua.crypto.uacrypto import der_from_x509
from asyncua.ua import SecurityPolicyType
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from config.clock import now, now_us
from edge.errors import SourceRefused
from edge.health import State
from edge.opcua.collector import OpcuaCollector
from edge.opcua.pki import Pki, application_certificate, fingerprint
from edge.opcua.security import Mode, Policy
from tests.edge.memory import Collecting, Memory
from tests.edge.opcua.compressor import compressor, failed, source

YEAR_US = 365 * 86_400_000_000
PEM, DER = Encoding.PEM, Encoding.DER


class Credentials:
    """A key and its certificate."""

    def __init__(self, host: str) -> None:
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.certificate = application_certificate(self.key, host=host, now=now())

    def key_bytes(self, encoding: Encoding) -> bytes:
        return self.key.private_bytes(encoding, PrivateFormat.PKCS8, NoEncryption())

    def write(self, folder: Path, encoding: Encoding = PEM) -> dict[str, str]:
        """Both as files; gives the options that name them."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "user.crt").write_bytes(self.certificate.public_bytes(encoding))
        (folder / "user.key").write_bytes(self.key_bytes(encoding))
        return {
            "user_certificate": f"{folder.name}/user.crt",
            "user_key": f"{folder.name}/user.key",
        }


@pytest.fixture(scope="module")
def server_credentials() -> Credentials:
    return Credentials("plc-7")


@pytest.fixture(scope="module")
def other_credentials() -> Credentials:
    return Credentials("other")


@pytest.fixture
def pki(tmp_path: Path) -> Path:
    return tmp_path / "pki"


class Users:
    """Lets in one password, one certificate, and who has neither."""

    def __init__(self, certificate: x509.Certificate | None = None, anonymous: bool = True) -> None:
        self.certificate = certificate
        self.anonymous = anonymous
        self.seen: list[str] = []

    def get_user(
        self, iserver: Any, username: Any = None, password: Any = None, certificate: Any = None
    ) -> User | None:
        user = User(role=UserRole.User)
        if username is not None:
            self.seen.append(username)
            return user if (username, password) == ("oilcan", "secret") else None
        if self.certificate is not None:
            return user if certificate == der_from_x509(self.certificate) else None
        return user if self.anonymous else None


def secured(
    credentials: Credentials, *policies: SecurityPolicyType, users: Users | None = None
) -> Any:
    """Prepares a server that takes these policies only."""

    async def prepare(server: Server) -> None:
        await server.load_certificate(credentials.certificate.public_bytes(DER), "der")
        await server.load_private_key(credentials.key_bytes(DER), format="der")
        server.set_security_policy(
            list(policies) or [SecurityPolicyType.Basic256Sha256_SignAndEncrypt]
        )
        if users is not None:
            server.iserver.user_manager = users

    return prepare


def security(pki: Path, **more: Any) -> dict[str, Any]:
    return {"policy": "Basic256Sha256", "mode": "SignAndEncrypt", "pki": str(pki), **more}


def trust(pki: Path, *credentials: Credentials) -> None:
    (pki / "trusted").mkdir(parents=True, exist_ok=True)
    for n, each in enumerate(credentials):
        (pki / "trusted" / f"{n}.der").write_bytes(each.certificate.public_bytes(DER))


async def test_each_policy_and_mode_reads(
    port: int, collecting: Collecting, pki: Path, server_credentials: Credentials
) -> None:
    trust(pki, server_credentials)
    pairs = [(policy, mode) for policy in Policy for mode in Mode]
    offered = [SecurityPolicyType[f"{policy}_{mode}"] for policy, mode in pairs]
    async with compressor(port, prepare=secured(server_credentials, *offered)) as machine:
        for n, (policy, mode) in enumerate(pairs):
            secure = security(pki, policy=policy.value, mode=mode.value)
            memory = Memory()
            async with collecting(OpcuaCollector(source(port, security=secure)), memory):
                await memory.until(lambda m: len(m.rows) == 2)
                await machine.write("temp", float(n), SourceTimestamp=datetime.now(UTC))
                await memory.until(lambda m: len(m.rows) == 3)
            assert memory.values("K-1.temp")[-1] == n


async def test_first_contact_refuses_names_the_certificate_and_the_command_that_trusts_it(
    port: int, memory: Memory, collecting: Collecting, pki: Path, server_credentials: Credentials
) -> None:
    collector = OpcuaCollector(source(port, security=security(pki)))
    async with compressor(port, prepare=secured(server_credentials)):
        with pytest.raises(SourceRefused) as refused:
            await collector.run(memory)
        message = str(refused.value)
        assert fingerprint(server_credentials.certificate) in message
        assert "CN=Oilcan on plc-7" in message
        (kept,) = (pki / "rejected").iterdir()
        assert f"kept as {kept}" in message
        assert kept.read_bytes() == server_credentials.certificate.public_bytes(DER)
        command = message[message.index("mv ") :]
        await asyncio.to_thread(subprocess.run, shlex.split(command), check=True)
        async with collecting(collector, memory):
            await memory.until(lambda m: len(m.rows) == 2)


async def test_a_certificate_in_place_of_the_trusted_one_is_refused(
    port: int,
    memory: Memory,
    collecting: Collecting,
    pki: Path,
    server_credentials: Credentials,
    other_credentials: Credentials,
) -> None:
    trust(pki, server_credentials)
    users = Users()
    settings = source(port, security=security(pki), user="oilcan", password="secret")
    collector = OpcuaCollector(settings)
    async with compressor(port, prepare=secured(server_credentials)), AsyncExitStack() as stack:
        await stack.enter_async_context(collecting(collector, memory))
        await memory.until(lambda m: len(m.rows) == 2)
    async with compressor(port, prepare=secured(other_credentials, users=users)):
        with pytest.raises(SourceRefused, match="not trusted: CN=Oilcan on other"):
            await collector.run(memory)
    assert users.seen == []


async def test_a_trusted_certificate_out_of_its_time_is_refused(
    port: int, memory: Memory, pki: Path, server_credentials: Credentials
) -> None:
    trust(pki, server_credentials)
    settings = source(port, security=security(pki))
    async with compressor(port, prepare=secured(server_credentials)):
        for moment in (now_us() - YEAR_US, now_us() + 20 * YEAR_US):
            shutil.rmtree(pki / "own", ignore_errors=True)
            collector = OpcuaCollector(settings, clock=lambda at=moment: at)
            with pytest.raises(SourceRefused, match=r"certificate is valid from .*, not now"):
                await collector.run(memory)


def test_our_own_certificate_that_has_expired_is_told(pki: Path) -> None:
    Pki(pki).identity(now_us())
    with pytest.raises(SourceRefused, match=r"our own certificate .* has expired"):
        Pki(pki).identity(now_us() + 20 * YEAR_US)


async def test_a_policy_that_the_server_lacks_is_told_with_those_it_offers(
    port: int, memory: Memory, pki: Path, server_credentials: Credentials
) -> None:
    trust(pki, server_credentials)
    settings = source(port, security=security(pki, policy="Aes256Sha256RsaPss"))
    async with compressor(port, prepare=secured(server_credentials)):
        offers = "does not offer Aes256Sha256RsaPss SignAndEncrypt; it offers Basic256Sha256 Sign"
        with pytest.raises(SourceRefused, match=offers):
            await OpcuaCollector(settings).run(memory)


async def test_a_server_that_takes_secured_sessions_only_refuses_others(
    port: int, memory: Memory, server_credentials: Credentials
) -> None:
    collector = OpcuaCollector(source(port))
    async with compressor(port, prepare=secured(server_credentials)):
        with pytest.raises(SourceRefused, match="Write `security:`"):
            await collector.run(memory)


def test_the_application_certificate_is_made_once_and_its_key_is_ours_alone(
    pki: Path,
) -> None:
    folder = Pki(pki)
    first, second = folder.identity(now_us()), folder.identity(now_us())
    assert first.certificate == second.certificate
    assert first.uri.endswith(":oilcan:edge")
    assert (pki / "own" / "key.pem").stat().st_mode & 0o777 == 0o600
    assert [file.name for file in pki.iterdir()] == ["own"]


async def test_a_server_that_does_not_trust_us_is_told_where_our_certificate_is(
    port: int, memory: Memory, pki: Path, server_credentials: Credentials
) -> None:
    trust(pki, server_credentials)

    async def refuse(*_: object) -> None:
        raise ua.uaerrors.BadCertificateUntrusted

    async def prepare(server: Server) -> None:
        await secured(server_credentials)(server)
        server.set_certificate_validator(refuse)

    async with compressor(port, prepare=prepare):
        with pytest.raises(SourceRefused, match=r"trust our certificate, .*own/certificate\.der"):
            await OpcuaCollector(source(port, security=security(pki))).run(memory)


async def test_a_password_is_taken_or_refused(
    port: int, memory: Memory, collecting: Collecting, pki: Path, server_credentials: Credentials
) -> None:
    trust(pki, server_credentials)

    def login(password: str) -> OpcuaCollector:
        settings = source(port, security=security(pki), user="oilcan", password=password)
        return OpcuaCollector(settings)

    async with compressor(port, prepare=secured(server_credentials, users=Users())):
        with pytest.raises(SourceRefused, match="BadUserAccessDenied"):
            await login("wrong").run(memory)
        async with collecting(login("secret"), memory):
            await memory.until(lambda m: len(m.rows) == 2)


async def test_a_certificate_logs_in_and_one_that_the_server_does_not_know_is_refused(
    port: int,
    collecting: Collecting,
    pki: Path,
    server_credentials: Credentials,
    other_credentials: Credentials,
) -> None:
    trust(pki, server_credentials)
    users = Users(other_credentials.certificate)
    async with compressor(port, prepare=secured(server_credentials, users=users)):
        for encoding in (PEM, DER):
            login = other_credentials.write(pki / "users", encoding)
            memory = Memory()
            collector = OpcuaCollector(source(port, security=security(pki, **login)))
            async with collecting(collector, memory):
                await memory.until(lambda m: len(m.rows) == 2)
        login = server_credentials.write(pki / "users")
        with pytest.raises(SourceRefused, match="the server refuses us"):
            await OpcuaCollector(source(port, security=security(pki, **login))).run(Memory())


def test_settings_are_checked_without_a_server(pki: Path, other_credentials: Credentials) -> None:
    def refused(**more: Any) -> str:
        with pytest.raises(ValueError, match="Value error") as told:
            source(1, security=security(pki) | more)
        return re.sub(r"\s+", " ", str(told.value))

    elsewhere = {"user_certificate": "users/user.crt", "user_key": "users/user.key"}
    assert source(1, security=security(pki, **elsewhere)).security is not None
    assert "go together" in refused(user_certificate="users/user.crt")
    assert "is not absolute" in refused(pki="pki")
    pki.mkdir()
    assert "users/user.crt cannot be read (No such file" in refused(**elsewhere)
    other_credentials.write(pki / "users")
    assert source(1, security=security(pki, **elsewhere)).security is not None
    (pki / "users" / "user.key").write_bytes(b"-----BEGIN nonsense")
    assert "user.key is neither PEM nor DER" in refused(**elsewhere)
    (pki / "users" / "user.key").write_bytes(Credentials("third").key_bytes(PEM))
    assert "user.key is not the key of" in refused(**elsewhere)


def test_a_folder_that_we_may_not_look_into_is_a_mistake_of_the_file(
    pki: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The tests may run as root, who may look everywhere.
    def forbidden(_: Path) -> bool:
        raise PermissionError(13, "Permission denied")

    pki.mkdir()
    monkeypatch.setattr(Path, "exists", forbidden)
    with pytest.raises(ValueError, match="cannot be looked into"):
        source(1, security=security(pki))


def test_two_logins_are_refused(pki: Path) -> None:
    login = {"user_certificate": "a", "user_key": "b"}
    with pytest.raises(ValueError, match="two logins"):
        source(1, user="oilcan", security=security(pki, **login))


def test_a_server_of_many_certificates_does_not_fill_the_disk(
    pki: Path, server_credentials: Credentials
) -> None:
    key = server_credentials.key
    for n in range(25):
        certificate = application_certificate(key, host=f"plc-{n}", now=now())
        with pytest.raises(SourceRefused, match="not trusted"):
            Pki(pki).judge(certificate, source="press", now_us=now_us())
    assert len(list((pki / "rejected").iterdir())) == 20


async def test_health_says_why_a_source_is_refused(
    port: int, memory: Memory, collecting: Collecting, pki: Path, server_credentials: Credentials
) -> None:
    collector = OpcuaCollector(source(port, security=security(pki)))
    prepare = secured(server_credentials)
    async with compressor(port, prepare=prepare), collecting(collector, memory):
        await failed(collector)
    assert collector.health().state is State.FAILED
    assert "mv " in collector.health().part().message
