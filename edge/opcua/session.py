"""A session with an OPC UA server: connected, secured, logged in, and closed for certain.

With security the server's certificate is judged before anything else is sent to it: asyncua itself
takes whatever certificate the endpoint shows.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from asyncua import ua
from asyncua.client.client import Client
from asyncua.crypto import security_policies
from asyncua.crypto.uacrypto import CertProperties, x509_from_der
from asyncua.ua.status_codes import StatusCodes
from asyncua.ua.uaerrors import UaError, UaStatusCodeError
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from config.clock import ClockUs
from edge.errors import SourceLost, SourceRefused
from edge.opcua.ending import Ending
from edge.opcua.pki import Identity, Pki
from edge.opcua.security import OpcuaSecurity, Policy
from edge.opcua.source import OpcuaSource

_SESSION_MS = 60_000
_CHANNEL_MS = 3_600_000
_LOGIN = frozenset(
    {
        StatusCodes.BadIdentityTokenInvalid,
        StatusCodes.BadIdentityTokenRejected,
        StatusCodes.BadUserAccessDenied,
        StatusCodes.BadUserSignatureInvalid,
    }
)
_REFUSALS = _LOGIN | frozenset(
    {
        StatusCodes.BadSecurityChecksFailed,
        StatusCodes.BadSecurityPolicyRejected,
        StatusCodes.BadSecurityModeRejected,
        StatusCodes.BadCertificateInvalid,
        StatusCodes.BadCertificateTimeInvalid,
        StatusCodes.BadCertificateUriInvalid,
        StatusCodes.BadCertificateUseNotAllowed,
        StatusCodes.BadCertificateUntrusted,
        StatusCodes.BadCertificateRevoked,
    }
)
_POLICIES: tuple[tuple[Policy, type[security_policies.SecurityPolicy]], ...] = (
    (Policy.BASIC256SHA256, security_policies.SecurityPolicyBasic256Sha256),
    (Policy.AES128SHA256RSAOAEP, security_policies.SecurityPolicyAes128Sha256RsaOaep),
    (Policy.AES256SHA256RSAPSS, security_policies.SecurityPolicyAes256Sha256RsaPss),
)


@dataclass(frozen=True, slots=True)
class Session:
    """A client with an active session, and why it has to end."""

    client: Client
    ending: Ending


@asynccontextmanager
async def open_session(source: OpcuaSource, clock: ClockUs) -> AsyncIterator[Session]:
    """A session with the server until the end of the block; raises `SourceLost`."""
    timeout_s = source.timeout_us / 1e6
    ending = Ending()
    client = _client(source, ending)
    try:
        try:
            if source.security is not None:
                await _secure(client, source, source.security, clock())
            await client.connect()
        except (OSError, TimeoutError, UaError) as error:
            raise lost(source, error) from error
        except AssertionError as error:
            # asyncua drops the status of a secure channel that is refused, and trips over that.
            advice = _advice(source, StatusCodes.BadSecurityChecksFailed)
            raise SourceRefused(f"the server refuses a secure channel{advice}") from error
        yield Session(client, ending)
    finally:
        # The server may be gone: closing in good order is worth a moment, no more.
        with suppress(OSError, TimeoutError, UaError):
            async with asyncio.timeout(timeout_s):
                await client.disconnect()
        _abort(client)


def _abort(client: Client) -> None:
    """Close what is left of the connection: asyncua leaves it where it took it for lost itself."""
    protocol = client.uaclient.protocol
    if protocol is not None and protocol.transport is not None:
        protocol.transport.abort()


def _client(source: OpcuaSource, ending: Ending) -> Client:
    """A client that has not connected yet; it notices a loss by asking for the server's state."""

    async def tell(error: Exception) -> None:
        ending.because(SourceLost(f"the session was lost: {error!r}"))

    timeout_s = source.timeout_us / 1e6
    client = Client(source.connect, timeout=timeout_s, watchdog_intervall=timeout_s)
    client.name, client.application_uri = "Oilcan", "urn:oilcan:edge"
    client.session_timeout, client.secure_channel_timeout = _SESSION_MS, _CHANNEL_MS
    client.connection_lost_callback = tell
    if source.user is not None:
        client.set_user(source.user)
        client.set_password(source.password or "")
    return client


async def _secure(
    client: Client, source: OpcuaSource, security: OpcuaSecurity, now_us: int
) -> None:
    """Prepare the client for a secured session; raises `SourceRefused` where no one is trusted."""
    pki = Pki(security.pki)
    try:
        own = await asyncio.to_thread(pki.identity, now_us)
        if security.user_certificate is not None and security.user_key is not None:
            user = pki.user(security.user_certificate, security.user_key)
            client.user_certificate, client.user_private_key = user.certificate, user.key
        policy = dict(_POLICIES)[security.policy]
        endpoints = await client.connect_and_get_server_endpoints()
        shown = _endpoint(endpoints, security, policy.URI).ServerCertificate
        certificate = _server_certificate(shown)
        pki.judge(certificate, source=source.name, now_us=now_us)
    except OSError as error:
        if error.filename is None:
            raise
        raise SourceRefused(f"{error.filename} cannot be used ({error.strerror})") from error
    client.application_uri = own.uri
    await client.set_security(
        policy,
        CertProperties(own.certificate.public_bytes(Encoding.DER), "der"),
        CertProperties(_der(own), "der"),
        server_certificate=CertProperties(certificate.public_bytes(Encoding.DER), "der"),
        mode=ua.MessageSecurityMode[security.mode],
    )


def _der(identity: Identity) -> bytes:
    return identity.key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


def _endpoint(
    endpoints: Sequence[ua.EndpointDescription], security: OpcuaSecurity, policy_uri: str
) -> ua.EndpointDescription:
    mode = ua.MessageSecurityMode[security.mode]
    for endpoint in endpoints:
        if endpoint.SecurityMode == mode and endpoint.SecurityPolicyUri == policy_uri:
            return endpoint
    offered = {
        f"{str(each.SecurityPolicyUri).rpartition('#')[2]} {each.SecurityMode.name.strip('_')}"
        for each in endpoints
    }
    raise SourceRefused(
        f"the server does not offer {security.policy} {security.mode}; "
        f"it offers {', '.join(sorted(offered)) or 'nothing'}"
    )


def _server_certificate(shown: bytes | None) -> x509.Certificate:
    try:
        certificate = x509_from_der(shown)  # type: ignore[no-untyped-call]
    except ValueError as error:
        raise SourceRefused(f"the server's certificate cannot be read: {error}") from error
    if not isinstance(certificate, x509.Certificate):
        raise SourceRefused("the server shows no certificate")
    return certificate


def lost(source: OpcuaSource, error: Exception) -> SourceLost:
    """What an error of the client means to the supervisor."""
    if isinstance(error, UaStatusCodeError) and error.code in _REFUSALS:
        return SourceRefused(f"the server refuses us: {error}{_advice(source, error.code)}")
    said = str(error) or type(error).__name__
    if isinstance(error, UaStatusCodeError) and error.code == StatusCodes.BadTooManyOperations:
        return SourceRefused(f"{said}. Lower `items_per_call`")
    if source.security is None and said.startswith("No matching endpoints"):
        return SourceRefused("the server takes secured sessions only. Write `security:`")
    return SourceLost(f"no session with {source.address.host}:{source.address.port}: {said}")


def _advice(source: OpcuaSource, code: int) -> str:
    """What to do where the server may not trust our certificate yet."""
    if source.security is None or code in _LOGIN:
        return ""
    own = Pki(source.security.pki).own / "certificate.der"
    return f". Have the server trust our certificate, {own}"
