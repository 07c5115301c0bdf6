"""How a session with an OPC UA server is secured, in a plant's files."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from edge.errors import SourceRefused
from edge.opcua.pki import Pki
from edge.source import FileModel


class Policy(StrEnum):
    """The algorithms that sign and encrypt; older ones are broken, and not offered."""

    BASIC256SHA256 = "Basic256Sha256"
    AES128SHA256RSAOAEP = "Aes128Sha256RsaOaep"
    AES256SHA256RSAPSS = "Aes256Sha256RsaPss"


class Mode(StrEnum):
    """What is done to each message."""

    SIGN = "Sign"
    SIGN_AND_ENCRYPT = "SignAndEncrypt"


def _folder(path: Path) -> Path:
    if not path.is_absolute():
        raise ValueError(f"{path} is not absolute | Write the whole path, from / on")
    return path


class OpcuaSecurity(FileModel):
    """Security of the session: policy, mode, and the folder of keys and certificates."""

    policy: Policy = Field(
        description="Algorithms that sign and encrypt.", examples=["Basic256Sha256"]
    )
    mode: Mode = Field(
        default=Mode.SIGN_AND_ENCRYPT,
        description="Whether messages are signed, or signed and encrypted.",
        examples=["SignAndEncrypt"],
    )
    pki: Annotated[Path, AfterValidator(_folder)] = Field(
        description="Folder of our own key and certificate and of the servers that are trusted; "
        "made on first use. Several sources may share it.",
        examples=["/var/lib/oilcan/pki"],
    )
    user_certificate: Path | None = Field(
        default=None,
        description="Certificate to log in with (PEM or DER), within `pki`; "
        "left out: by `user`, or anonymous.",
        examples=["users/oilcan.der"],
    )
    user_key: Path | None = Field(
        default=None,
        description="The private key of `user_certificate` (PEM or DER), within `pki`.",
        examples=["users/oilcan.pem"],
    )

    @model_validator(mode="after")
    def _check(self) -> Self:
        """Both halves of the login, and readable files where this machine has the folder.

        A plant is checked on other machines too, which have no such folder: there is nothing to
        look at then.
        """
        if (self.user_certificate is None) != (self.user_key is None):
            raise ValueError("user_certificate and user_key go together | Give both, or neither")
        try:
            Pki(self.pki).check(self.user_certificate, self.user_key)
        except SourceRefused as error:
            raise ValueError(f"{error} | Put the right file there") from error
        except OSError as error:
            raise ValueError(
                f"{self.pki} cannot be looked into ({error.strerror}) | Run it as its owner"
            ) from error
        return self
