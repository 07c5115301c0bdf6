"""What one kind of error is over HTTP, and the kinds that several tables tell alike."""

from dataclasses import dataclass
from http import HTTPStatus


@dataclass(frozen=True, slots=True)
class ProblemType:
    """How one kind of error is told: `slug` ends its type URI, `example` is a detail of it."""

    status: HTTPStatus
    slug: str
    title: str
    example: str

    @property
    def uri(self) -> str:
        """Type URI; the address also serves a page that explains it."""
        return f"/problems/{self.slug}"


INVALID = ProblemType(
    HTTPStatus.UNPROCESSABLE_ENTITY,
    "invalid-request",
    "The request is invalid",
    "limit: too large",
)

INTERNAL = ProblemType(
    HTTPStatus.INTERNAL_SERVER_ERROR,
    "unexpected",
    "Something failed that should not",
    "see the server's own messages",
)


def not_found(example: str) -> ProblemType:
    """The kind of every error about a thing that there is not."""
    return ProblemType(HTTPStatus.NOT_FOUND, "not-found", "There is no such thing", example)


def transition_refused(example: str) -> ProblemType:
    """The kind of every error about an action that the state does not allow."""
    return ProblemType(
        HTTPStatus.CONFLICT, "transition-refused", "The state does not allow this", example
    )


def requirement_missing(example: str) -> ProblemType:
    """The kind of every error about something that an action asks for."""
    return ProblemType(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "requirement-missing",
        "Something is missing for this",
        example,
    )
