"""What each type of problem means: the addresses in `type` lead here."""

from fastapi import APIRouter, Request, Response

from api.errors import ResourceMissing
from api.pages.render import render
from api.problem_type import INVALID, ProblemType
from api.problems import PROBLEMS

router = APIRouter(include_in_schema=False)


@router.get("/problems/{slug}")
async def get_problem(request: Request, slug: str) -> Response:
    """One type of problem; open to all, since it says nothing about the plant."""
    return render(request, "problem.html", caller=None, kind=_find(slug))


def _find(slug: str) -> ProblemType:
    for kind in (INVALID, *PROBLEMS.values()):
        if kind.slug == slug:
            return kind
    raise ResourceMissing(f"there is no problem type {slug!r}")
