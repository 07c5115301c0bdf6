"""Definitions that are put over the API: what an ETag of them says, and what has to be sent back."""

from typing import Annotated

from fastapi import Header, Response

from api.entity_tag import etag, version_of
from api.errors import PreconditionMissing

IfMatch = Annotated[
    str | None,
    Header(description="The ETag as it was read; needed where it exists.", examples=['"3"']),
]


def expected(present: int | None, if_match: str | None) -> int | None:
    """The version that the caller read, of what has `present` (None: it does not exist yet).

    Raises `PreconditionMissing`, `PreconditionInvalid`.
    """
    if present is None:
        return None
    if if_match is None:
        raise PreconditionMissing("it exists: read it and send its ETag as If-Match")
    return version_of(if_match)


def tag(response: Response, version: int) -> None:
    """Send a version as the ETag of an answer."""
    response.headers["ETag"] = etag(version)
