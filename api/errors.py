"""The errors of the API itself, named for what the caller does next.

OilcanError
└── ApiError
    ├── NotAuthenticated        send a key that holds, or sign in
    ├── NotPermitted            ask someone whose role may do it
    ├── CrossSiteRequest        send it from our own pages, or with an API key
    ├── ResourceMissing         look it up in the list: nothing has this identity
    ├── CursorInvalid           start again at the first page
    ├── RangeInvalid            correct the range or the width that was asked for
    ├── PreconditionMissing     read the resource, send its ETag as If-Match
    ├── PreconditionInvalid     send the ETag as it was given
    ├── IdempotencyKeyInFlight  wait for the first request's answer, then ask again
    ├── IdempotencyKeyReused    use a new key for a different request
    ├── FormInvalid             open the page again and fill it in
    ├── TooManyRequests         wait a minute, then try again
    ├── CodeMismatch            let path and body name the same thing
    └── NameTaken               choose another login
"""

from config.errors import OilcanError


class ApiError(OilcanError):
    """Root of what the API refuses by itself."""


class NotAuthenticated(ApiError):
    """Nobody known is asking."""


class NotPermitted(ApiError):
    """The caller's role does not include what was asked."""


class CrossSiteRequest(ApiError):
    """A browser sent a changing request on behalf of a page that is not ours."""


class ResourceMissing(ApiError):
    """There is nothing at this address."""


class CursorInvalid(ApiError):
    """The cursor was not given out by this list."""


class RangeInvalid(ApiError):
    """The range of time, or its division, cannot be answered."""


class PreconditionMissing(ApiError):
    """A change that needs If-Match came without it."""


class PreconditionInvalid(ApiError):
    """If-Match does not hold one of our ETags."""


class IdempotencyKeyInFlight(ApiError):
    """A request with this Idempotency-Key is being worked on."""


class IdempotencyKeyReused(ApiError):
    """This Idempotency-Key belongs to another request."""


class NameTaken(ApiError):
    """A person with this login exists."""


class CodeMismatch(ApiError):
    """The path and the body of a request name two different things."""


class FormInvalid(ApiError):
    """A form cannot be read, or is not one of ours."""


class TooManyRequests(ApiError):
    """Somebody unknown asks too often."""
