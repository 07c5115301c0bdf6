"""Which plant files a JSON Schema is of."""

from enum import StrEnum


class SchemaKind(StrEnum):
    """Rule files, or all others."""

    RULES = "rules"
    PLANT = "plant"
