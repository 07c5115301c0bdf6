"""Versions as entity tags: what `ETag` says of a resource, and what `If-Match` has to say back."""

import re

from api.errors import PreconditionInvalid, PreconditionMissing

_ETAG = re.compile(r'"([0-9]{1,9})"')


def etag(version: int) -> str:
    """A version as an entity tag."""
    return f'"{version}"'


def version_of(if_match: str | None) -> int:
    """The version inside If-Match. Raises `PreconditionMissing`, `PreconditionInvalid`."""
    if if_match is None:
        raise PreconditionMissing("read what is to be changed, and send its ETag as If-Match")
    match = _ETAG.fullmatch(if_match.strip())
    if match is None:
        raise PreconditionInvalid('send If-Match as the ETag was given, such as "3"')
    return int(match[1])
