"""Secrets that we hand out once and then know only by their hash: API keys, session tokens.

Both are 256 random bits, so one SHA-256 is enough: there is nothing to guess. Passwords, which can
be guessed, are hashed with Argon2id.
"""

import asyncio
import hashlib
import secrets
from dataclasses import dataclass

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

_MARK = "ock"
_PREFIX_BYTES = 5
_SECRET_BYTES = 32


@dataclass(frozen=True, slots=True)
class ApiKey:
    """The two parts of a key's text `ock_<prefix>_<secret>`; the prefix is public."""

    prefix: str
    secret: str

    def __str__(self) -> str:
        return f"{_MARK}_{self.prefix}_{self.secret}"

    def __repr__(self) -> str:
        return f"ApiKey({self.prefix!r})"


def new_api_key() -> ApiKey:
    """A fresh random key."""
    return ApiKey(secrets.token_hex(_PREFIX_BYTES), secrets.token_urlsafe(_SECRET_BYTES))


def parse_api_key(text: str) -> ApiKey | None:
    """The parts of a key's text, or None where it is not of our form."""
    mark, _, rest = text.partition("_")
    prefix, _, secret = rest.partition("_")
    if mark != _MARK or not prefix or not secret:
        return None
    return ApiKey(prefix, secret)


def new_session_token() -> str:
    """A fresh random token for a browser's cookie."""
    return secrets.token_urlsafe(_SECRET_BYTES)


def digest(secret: str) -> bytes:
    """What is stored of a random secret."""
    return hashlib.sha256(secret.encode()).digest()


def same(one: bytes, other: bytes) -> bool:
    """Are two digests equal? Takes equally long wherever they differ."""
    return secrets.compare_digest(one, other)


async def hash_password(password: str) -> str:
    """Argon2id hash of a password, with its parameters and salt; takes tens of milliseconds."""
    return await asyncio.to_thread(_hasher().hash, password)


async def password_fits(password: str, password_hash: str | None) -> bool:
    """Is this the password? Without a hash to compare with, takes as long and says no."""
    if password_hash is None:
        await hash_password(password)
        return False
    return await asyncio.to_thread(_hasher().verify, password, password_hash)


def _hasher() -> PasswordHash:
    return PasswordHash((Argon2Hasher(),))
