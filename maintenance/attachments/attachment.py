"""A file that is kept, and its links to the things that it is about."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

MOST_BYTES = 32 * 1024**2
"""Largest file that is taken where nothing else is said: a photo of a phone, a manual."""


class SubjectKind(StrEnum):
    """What a file can be about."""

    ASSET = "asset"
    REQUEST = "request"
    ORDER = "order"
    STEP = "step"
    ARTICLE = "article"


@dataclass(frozen=True, slots=True)
class Subject:
    """One thing that files are about: its kind, and its id in the database."""

    kind: SubjectKind
    id: int


@dataclass(frozen=True, slots=True)
class Content:
    """What a file holds: its digest names it, the media type is found from its first bytes."""

    sha256: str
    size: int
    media_type: str


@dataclass(frozen=True, slots=True)
class NewAttachment:
    """A link to be made: `name` as the file was called where it came from."""

    subject: Subject
    name: str
    caption: str = ""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file linked to a thing."""

    id: int
    subject: Subject
    sha256: str
    size: int
    media_type: str
    name: str
    caption: str
    actor: str
    attached_at: datetime

    @property
    def is_photo(self) -> bool:
        """Can a page show it as a picture?"""
        return self.media_type.startswith("image/")
