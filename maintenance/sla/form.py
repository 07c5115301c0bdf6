"""An agreement as the database keeps it, in JSON."""

from typing import Any

from pydantic import TypeAdapter

from maintenance.sla.agreement import Agreement

_FORM = TypeAdapter(Agreement)


def agreement_from_json(form: Any) -> Agreement:
    """An agreement as it was kept."""
    return _FORM.validate_python(form)


def agreement_to_json(agreement: Agreement) -> dict[str, Any]:
    """The other way round."""
    form: dict[str, Any] = _FORM.dump_python(agreement, mode="json")
    return form
