"""What is wrong with a mail server's TLS, and what to do about it. Pure."""

import ssl
from dataclasses import dataclass

# OpenSSL's X509_V_ERR_…: not yet valid, expired; another host, another address.
_OUT_OF_TERM = frozenset({9, 10})
_OTHER_NAME = frozenset({62, 64})


@dataclass(frozen=True, slots=True)
class Wording:
    """How whoever set the server up says its host, its authority, and a way without that TLS."""

    host: str
    authority: str
    other_way: str


def tls_trouble(error: ssl.SSLError, wording: Wording) -> str:
    """The error in words that say what to do."""
    if not isinstance(error, ssl.SSLCertVerificationError):
        return f"TLS failed ({error.reason or error}): {wording.other_way}"
    said = error.verify_message
    if error.verify_code in _OTHER_NAME:
        return f"its certificate is for another name ({said}): write {wording.host} as it has it"
    if error.verify_code in _OUT_OF_TERM:
        return f"its certificate is out of its term ({said}): have the server given a new one"
    return f"its certificate is not trusted ({said}): name its authority in {wording.authority}"
