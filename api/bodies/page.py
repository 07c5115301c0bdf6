"""Lists in pages: items, and an opaque cursor that leads to the next ones (keyset, no offsets)."""

import base64
import json
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from api.errors import CursorInvalid

LARGEST_PAGE = 500

Item = TypeVar("Item")
Key = TypeVar("Key")


class FromDomain(BaseModel):
    """A body that is read from the fields of a domain object of like names."""

    model_config = ConfigDict(from_attributes=True)


class Page(BaseModel, Generic[Item]):
    """One page of a list."""

    items: list[Item]
    next: str | None = Field(
        default=None,
        description="Send it as `cursor` for the next page; null: this is the last one.",
        examples=["WyJQLTEwMSJd"],
    )


class PageQuery(BaseModel):
    """Which page is wanted, and how large."""

    model_config = ConfigDict(extra="forbid")

    cursor: Annotated[str | None, Field(description="`next` of the page before.")] = None
    limit: Annotated[
        int, Field(ge=1, le=LARGEST_PAGE, description="Items on a page.", examples=[100])
    ] = 100


def encode_cursor(*key: int | str) -> str:
    """The key of the last item of a page, in a form that nobody should take apart."""
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode().rstrip("=")


def decode_cursor(cursor: str | None, *kinds: type) -> tuple[Any, ...] | None:
    """The key inside a cursor, of these types. Raises `CursorInvalid`."""
    if cursor is None:
        return None
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        key = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except ValueError as error:
        raise CursorInvalid("the cursor cannot be read: start again without it") from error
    if not isinstance(key, list) or [type(part) for part in key] != list(kinds):
        raise CursorInvalid("the cursor is of another list: start again without it")
    return tuple(key)


def cut(
    found: Sequence[Item], limit: int, key: Callable[[Item], Sequence[int | str]]
) -> tuple[Sequence[Item], str | None]:
    """A page and its `next` out of `limit` + 1 items asked for: one too many says that there is."""
    if len(found) <= limit:
        return found, None
    page = found[:limit]
    return page, encode_cursor(*key(page[-1]))
