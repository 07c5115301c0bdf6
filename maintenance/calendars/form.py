"""A calendar as the database keeps it, in JSON."""

from typing import Any

from pydantic import TypeAdapter

from maintenance.calendars.calendar import Calendar

_FORM = TypeAdapter(Calendar)


def calendar_from_json(form: Any) -> Calendar:
    """A calendar as it was kept."""
    return _FORM.validate_python(form)


def calendar_to_json(calendar: Calendar) -> dict[str, Any]:
    """The other way round; days in order, so that the same calendar is the same text."""
    form: dict[str, Any] = _FORM.dump_python(calendar, mode="json")
    exceptions = [shift for each in form["exceptions"] for shift in each["shifts"]]
    for shift in [*form["shifts"], *exceptions]:
        shift["days"].sort()
    return form
