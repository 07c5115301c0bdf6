"""The plant's one currency; amounts everywhere are whole minor units of it."""

from functools import cache

from config.settings import load_settings


@cache
def plant_currency() -> str:
    """Its ISO 4217 code, as the settings of this process say."""
    return load_settings().currency
