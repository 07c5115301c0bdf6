"""The folder of keys and certificates: who we are to servers, and which servers are trusted.

    own/certificate.der   our application's certificate, and
    own/key.pem           its key (0600); made on first use, both may be replaced by one's own
    trusted/*.der, *.pem  certificates of servers that are trusted
    rejected/*.der        certificates of servers that are not, as they were met

A server is trusted by its very certificate: no issuer is, so that whoever can sign for one server
cannot sign for others. What a person moves from `rejected` to `trusted` counts at the next attempt.
"""

import os
import shlex
import shutil
import socket
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypeVar

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from config.clock import from_us
from edge.errors import SourceRefused

# A gateway is left alone for years, and a renewed certificate has to be trusted anew by each server.
_VALID = timedelta(days=20 * 365)
# Clocks of a plant differ: what is made now has to be valid where it is still yesterday.
_EARLIER = timedelta(days=1)
# A server that shows a new certificate at each attempt must not fill the disk.
_MOST_REJECTED = 20
_PEM = b"-----BEGIN"

ReadT = TypeVar("ReadT")


@dataclass(frozen=True, slots=True)
class Identity:
    """A certificate and its private key."""

    certificate: x509.Certificate
    key: PrivateKeyTypes

    @property
    def uri(self) -> str:
        """The application's URI, which servers want to be told; raises `SourceRefused`."""
        try:
            extension = self.certificate.extensions.get_extension_for_class(
                x509.SubjectAlternativeName
            )
            return extension.value.get_values_for_type(x509.UniformResourceIdentifier)[0]
        except (x509.ExtensionNotFound, IndexError) as error:
            raise SourceRefused("our own certificate names no application URI") from error


class Pki:
    """One such folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.own = folder / "own"

    def check(self, user_certificate: Path | None, user_key: Path | None) -> None:
        """Raises `SourceRefused` where the folder stands here and something in it cannot be read."""
        if not os.path.lexists(self._folder):
            return
        if not self._folder.is_dir():
            raise SourceRefused(f"{self._folder} is no folder")
        if self.own.exists():
            self._identity(self.own / "certificate.der", self.own / "key.pem")
        if user_certificate is not None and user_key is not None:
            self.user(user_certificate, user_key)

    def identity(self, now_us: int) -> Identity:
        """Our application's certificate and key, made where there are none; raises `SourceRefused`."""
        if not self.own.exists():
            self._make_identity(from_us(now_us))
        found = self._identity(self.own / "certificate.der", self.own / "key.pem")
        if found.certificate.not_valid_after_utc < from_us(now_us):
            raise SourceRefused(
                f"our own certificate {self.own / 'certificate.der'} has expired: "
                f"move {self.own} away, and a new one is made, which servers have to trust"
            )
        return found

    def user(self, certificate: Path, key: Path) -> Identity:
        """The certificate and key to log in with; raises `SourceRefused`."""
        return self._identity(self._folder / certificate, self._folder / key)

    def judge(self, certificate: x509.Certificate, *, source: str, now_us: int) -> None:
        """Raises `SourceRefused` unless the server's certificate is trusted and valid now.

        One that is not trusted is kept in `rejected`, and the message says how to trust it.
        """
        who = f"{_subject(certificate)}, SHA-256 {fingerprint(certificate)}"
        if not self._trusts(certificate):
            kept = self._keep_rejected(certificate, source)
            trusted = self._folder / "trusted"
            raise SourceRefused(
                f"the server's certificate is not trusted: {who}; kept as {kept}. "
                "Compare the fingerprint with the server's, then trust it: "
                f"mv {shlex.quote(str(kept))} {shlex.quote(str(trusted))}/"
            )
        now = from_us(now_us)
        if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
            raise SourceRefused(
                f"the server's certificate is valid from {certificate.not_valid_before_utc} to "
                f"{certificate.not_valid_after_utc}, not now ({now:%Y-%m-%d %H:%M}): {who}. "
                "Renew it at the server and trust the new one, or set the clocks"
            )

    def _trusts(self, certificate: x509.Certificate) -> bool:
        trusted = self._folder / "trusted"
        trusted.mkdir(parents=True, exist_ok=True)
        files = sorted(trusted.iterdir())
        return any(_read(file, _certificate) == certificate for file in files if file.is_file())

    def _keep_rejected(self, certificate: x509.Certificate, source: str) -> Path:
        rejected = self._folder / "rejected"
        rejected.mkdir(parents=True, exist_ok=True)
        # Named for its content: what a person looked at cannot be swapped before the move.
        digest = certificate.fingerprint(hashes.SHA256()).hex()
        kept = rejected / f"{source}-{digest[:16]}.der"
        if not kept.exists():
            others = sorted(rejected.glob(f"{source}-*.der"), key=lambda file: file.stat().st_mtime)
            for oldest in others[: max(len(others) + 1 - _MOST_REJECTED, 0)]:
                oldest.unlink()
            kept.write_bytes(certificate.public_bytes(Encoding.DER))
        return kept

    def _identity(self, certificate: Path, key: Path) -> Identity:
        found = Identity(_read(certificate, _certificate), _read(key, _key))
        if found.certificate.public_key() != found.key.public_key():
            raise SourceRefused(f"{key} is not the key of {certificate}")
        return found

    def _make_identity(self, now: datetime) -> None:
        """Make `own` as a whole: whoever looks sees both files, or neither."""
        self._folder.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix="own.", dir=self._folder))
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        text = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        with os.fdopen(os.open(draft / "key.pem", os.O_WRONLY | os.O_CREAT, 0o600), "wb") as file:
            file.write(text)
        certificate = application_certificate(key, host=socket.gethostname(), now=now)
        (draft / "certificate.der").write_bytes(certificate.public_bytes(Encoding.DER))
        try:
            draft.rename(self.own)
        except OSError:
            # Another source was quicker; its own serves.
            shutil.rmtree(draft)


def application_certificate(
    key: rsa.RSAPrivateKey, *, host: str, now: datetime
) -> x509.Certificate:
    """A self-signed application instance certificate (OPC UA Part 6, 6.2.2)."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"Oilcan on {host}"[:64])])
    names = [x509.UniformResourceIdentifier(f"urn:{host}:oilcan:edge"), x509.DNSName(host)]
    public = key.public_key()
    return (
        x509.CertificateBuilder(name, name, public, x509.random_serial_number())
        .not_valid_before(now - _EARLIER)
        .not_valid_after(now + _VALID)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(public), critical=False)
        .add_extension(_USAGE, critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )


_USAGE = x509.KeyUsage(
    digital_signature=True,
    content_commitment=True,
    key_encipherment=True,
    data_encipherment=True,
    key_agreement=False,
    # The standard asks for it where a certificate is signed by itself.
    key_cert_sign=True,
    crl_sign=False,
    encipher_only=False,
    decipher_only=False,
)


def fingerprint(certificate: x509.Certificate) -> str:
    """SHA-256 of the certificate as `AB:CD:…`, as other tools show it."""
    return certificate.fingerprint(hashes.SHA256()).hex(":").upper()


def _subject(certificate: x509.Certificate) -> str:
    text = certificate.subject.rfc4514_string() or "without a subject"
    return "".join(character if character.isprintable() else " " for character in text)[:200]


def _certificate(data: bytes) -> x509.Certificate:
    if data.startswith(_PEM):
        return x509.load_pem_x509_certificate(data)
    return x509.load_der_x509_certificate(data)


def _key(data: bytes) -> PrivateKeyTypes:
    if data.startswith(_PEM):
        return load_pem_private_key(data, password=None)
    return load_der_private_key(data, password=None)


def _read(file: Path, parse: Callable[[bytes], ReadT]) -> ReadT:
    try:
        return parse(file.read_bytes())
    except OSError as error:
        raise SourceRefused(f"{file} cannot be read ({error.strerror})") from error
    except (ValueError, TypeError) as error:
        raise SourceRefused(f"{file} is neither PEM nor DER ({error})") from error
