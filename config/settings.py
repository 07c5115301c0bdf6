"""What every role is told: where things live and how to reach the engines.

Read once from the environment (`OILCAN_…`), validated before anything connects, then read-only.
"""

from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from config.errors import SettingsError


def default_home() -> Path:
    """Where data lives if `OILCAN_HOME` does not say: the user's data folder."""
    return Path.home() / ".local" / "share" / "oilcan"


class Settings(BaseSettings):
    """Settings shared by all roles."""

    model_config = SettingsConfigDict(env_prefix="OILCAN_", frozen=True, extra="ignore")

    home: Path = Field(
        default_factory=default_home,
        description="Folder of all data: database, log, keys, plant files.",
        examples=["/var/lib/oilcan"],
    )
    database_url: str = Field(
        default="",
        description="PostgreSQL or TimescaleDB to use; empty: the embedded PostgreSQL under home.",
        examples=["postgresql://oilcan:secret@127.0.0.1:5432/oilcan"],
    )
    log_url: str = Field(
        default="",
        description="NATS server of the log; empty: the embedded one under home.",
        examples=["nats://oilcan:secret@127.0.0.1:4222"],
    )
    log_max_bytes: int = Field(
        default=8 * 1024**3,
        ge=16 * 1024**2,
        description="Bound of the log on disk, in bytes; a full log stops acknowledging devices.",
        examples=["8589934592"],
    )
    edge: str = Field(
        default="edge-1",
        pattern=r"^[A-Za-z0-9_-]+$",
        description="Name of this edge: unique in the plant, part of every batch's identity.",
        examples=["gateway-hall-1"],
    )
    partitions: int = Field(
        default=1,
        ge=1,
        le=256,
        description="Partitions of the log; all points of an asset fall into one.",
        examples=["1"],
    )
    retention_days: int = Field(
        default=3650,
        ge=1,
        description="Days that raw readings are kept.",
        examples=["3650"],
    )
    attachment_max_bytes: int = Field(
        default=32 * 1024**2,
        ge=1024,
        description="Largest document or photo that is taken, in bytes.",
        examples=["33554432"],
    )
    portal_open: bool = Field(
        default=False,
        description="Whether faults are reported at /report without a login, as by a QR label.",
        examples=["True"],
    )
    http_host: str = Field(
        default="127.0.0.1",
        description="Address that the API and the pages listen on.",
        examples=["127.0.0.1"],
    )
    http_port: int = Field(
        default=8080,
        ge=0,
        le=65535,
        description="Port of the API and the pages; 0: any free one.",
        examples=["8080"],
    )
    public_url: str = Field(
        default="",
        pattern=r"^$|^https?://[^\s/]+[^\s]*[^\s/]$",
        description="Where people reach the pages, for links in messages; empty: no links.",
        examples=["https://oilcan.example.com"],
    )
    ready_lag_s: float = Field(
        default=60.0,
        gt=0,
        description="Seconds that storing may lag behind before `/ready` and `oilcan status` say "
        "so.",
        examples=["60.0"],
    )
    currency: str = Field(
        default="EUR",
        pattern=r"^[A-Z]{3}$",
        description="The plant's one currency (ISO 4217), with two decimals. Say it before the first "
        "amount is booked: nothing is converted.",
        examples=["EUR"],
    )
    purchase_limit_minor: int = Field(
        default=500_000,
        ge=0,
        description="What a requisition may cost, in minor units of the currency, for a planner to "
        "approve it; more takes somebody who may spend any amount.",
        examples=["500000"],
    )
    mail_host: str = Field(
        default="",
        description="IMAP server whose mailbox is turned into requests; empty: none.",
        examples=["mail.example.com"],
    )
    mail_port: int = Field(default=993, ge=1, le=65535, description="Its port.", examples=["993"])
    mail_security: Literal["tls", "starttls", "none"] = Field(
        default="tls",
        description="How the way there is protected; none: for a server on the same machine.",
        examples=["tls"],
    )
    mail_ca: Path | None = Field(
        default=None,
        description="Authority of its certificate (PEM); empty: those that the system trusts.",
        examples=["/etc/oilcan/ca.pem"],
    )
    mail_user: str = Field(
        default="", description="Login of the mailbox.", examples=["maintenance@example.com"]
    )
    mail_password_file: Path | None = Field(
        default=None,
        description="File whose first line is the password.",
        examples=["/etc/oilcan/mail.password"],
    )
    mail_folder: str = Field(
        default="INBOX", description="Folder that is read.", examples=["INBOX"], min_length=1
    )
    mail_done_folder: str = Field(
        default="",
        description="Folder that mails are moved to once they are read; empty: they stay, marked "
        "as read, and what people mark as read is not looked at.",
        examples=["Oilcan"],
    )
    mail_every_s: float = Field(
        default=30.0, ge=1, description="Seconds between two looks.", examples=["30.0"]
    )
    mail_senders: str = Field(
        default="",
        description="Addresses and domains that may write, with commas; others' mails are kept "
        "aside. Empty: everybody.",
        examples=["example.com,contractor@example.org"],
    )
    mail_address: str = Field(
        default="",
        description="The mailbox's own address, whose mails are ignored; empty: its login.",
        examples=["maintenance@example.com"],
    )
    mail_answers: str = Field(
        default="",
        description="Channel of kind people by which senders of mails are answered; empty: nobody is.",
        examples=["people"],
    )
    mail_max_bytes: int = Field(
        default=32 * 1024**2,
        ge=64 * 1024,
        description="Largest mail that is fetched, in bytes; of a larger one the head is kept aside.",
        examples=["33554432"],
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info",
        description="Least severe diagnostic message that is printed.",
        examples=["info"],
    )


def load_settings() -> Settings:
    """The settings of the environment.

    Raises `SettingsError` with every wrong variable, its value and what would be right.
    """
    try:
        return Settings()
    except ValidationError as error:
        lines = [
            f"OILCAN_{'_'.join(map(str, item['loc'])).upper()}={item['input']!r}: {item['msg']}"
            for item in error.errors()
        ]
        raise SettingsError("\n".join(lines)) from error
