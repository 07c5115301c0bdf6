"""The form of the portal as it comes over HTTP: fields and photos, bounded before they are read."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import FormParser, MultiPartException, MultiPartParser
from starlette.requests import Request

from api.errors import FormInvalid
from maintenance.errors import FileTooLarge

MOST_FILES = 5
_MOST_FIELDS = 20
_LONGEST_FIELD = 64 * 1024


@dataclass(frozen=True, slots=True)
class PortalForm:
    """What somebody has filled in; a field that is not there is empty."""

    fields: dict[str, str]
    files: tuple[UploadFile, ...]

    def text(self, name: str) -> str:
        """What stands in a field, without blanks around it."""
        return self.fields.get(name, "").strip()


class _TooMuch(MultiPartException):
    """The body is larger than was allowed; the parser lets go of its files at such an error."""


@asynccontextmanager
async def opened_form(request: Request, *, most_bytes: int) -> AsyncIterator[PortalForm]:
    """The form of a request of at most `most_bytes`; its files are let go of at the end.

    Raises `FileTooLarge`, `FormInvalid`.
    """
    try:
        form = await _parse(request, _bounded(request, most_bytes))
    except _TooMuch as error:
        raise FileTooLarge(most_bytes) from error
    except (MultiPartException, ValueError, KeyError) as error:
        raise FormInvalid("the form cannot be read: open the page again") from error
    try:
        yield _of(form)
    finally:
        await form.close()


async def _parse(request: Request, stream: AsyncGenerator[bytes, None]) -> FormData:
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        return await FormParser(request.headers, stream).parse()
    parser = MultiPartParser(
        request.headers,
        stream,
        max_files=MOST_FILES,
        max_fields=_MOST_FIELDS,
        max_part_size=_LONGEST_FIELD,
    )
    return await parser.parse()


async def _bounded(request: Request, most: int) -> AsyncGenerator[bytes, None]:
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > most:
            raise _TooMuch("too large")
        yield chunk


def _of(form: FormData) -> PortalForm:
    fields = {name: value for name, value in form.multi_items() if isinstance(value, str)}
    files = [each for _, each in form.multi_items() if isinstance(each, UploadFile)]
    # A browser sends a file without name and content where none was chosen.
    return PortalForm(fields, tuple(each for each in files if each.filename and each.size))
