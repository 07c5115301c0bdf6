"""Times as people write them on the command line."""

from datetime import UTC, datetime

from config.clock import from_us, now_us
from config.errors import SettingsError


def moment(option: str, text: str) -> datetime:
    """The time that an option names, in UTC where it says no zone. Raises `SettingsError`."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise SettingsError(f"{option} {text!r}: it has to be like 2026-11-23T10:00Z") from error
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def moment_or_now(option: str, text: str | None) -> datetime:
    """The same; now where the option is left out."""
    return from_us(now_us()) if text is None else moment(option, text)
