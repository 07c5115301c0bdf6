"""Public holidays by country and part of it, from the library `holidays`. Pure."""

from collections.abc import Mapping
from datetime import date
from functools import lru_cache

import holidays

from maintenance.calendars.calendar import HolidayRegion


@lru_cache(maxsize=512)
def public_holidays(region: HolidayRegion, year: int) -> Mapping[date, str]:
    """Day -> name in English (or the country's language) of a year's holidays.

    Raises `NotImplementedError` for a region that the library does not know.
    """
    found = holidays.country_holidays(
        region.country, subdiv=region.subdivision, years=year, language="en_US"
    )
    return dict(found.items())


def holiday_name(region: HolidayRegion | None, day: date) -> str | None:
    """What is celebrated on a day, if anything."""
    return public_holidays(region, day.year).get(day) if region else None


def known_region(region: HolidayRegion) -> bool:
    """Does the library know the holidays of a region?"""
    parts = holidays.list_supported_countries().get(region.country)
    return parts is not None and (region.subdivision is None or region.subdivision in parts)
