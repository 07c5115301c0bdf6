"""Templates to pages."""

from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from api.access.caller import Caller
from api.pages.format import (
    done,
    format_age,
    format_clock,
    format_moment,
    format_number,
    format_rate,
    format_since,
    format_span,
    format_time,
    words,
)
from api.pages.navigation import PLACES_TO_GO
from api.services import services_of
from config.clock import from_us
from config.unit_sign import unit_sign

_TEMPLATES = Path(__file__).parent / "templates"


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "age": format_age,
        "clock_in": format_clock,
        "done": done,
        "moment": format_moment,
        "number": format_number,
        "rate": format_rate,
        "since": format_since,
        "span": format_span,
        "time_in": format_time,
        "unit": unit_sign,
        "words": words,
    }
    environment.globals["places_to_go"] = PLACES_TO_GO
    environment.globals["plotly_version"] = version("plotly")
    return environment


def render(
    request: Request, template: str, *, caller: Caller | None, status: int = 200, **context: Any
) -> HTMLResponse:
    """A page, or a part of one, as the caller sees it."""
    services = services_of(request)
    text = (
        _environment()
        .get_template(template)
        .render(
            caller=caller,
            now=from_us(services.clock()),
            path=request.url.path,
            figures=services.board.figures(),
            log_connected=services.log.connected,
            **context,
        )
    )
    # A page shows the plant as it is: nobody keeps it, also not the browser's back button.
    return HTMLResponse(text, status, headers={"Cache-Control": "no-store"})
