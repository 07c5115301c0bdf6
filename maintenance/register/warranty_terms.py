"""What a vendor answers for, and how long."""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class WarrantyTerms:
    """The days are both included, in the site's time zone."""

    vendor: str
    starts_on: date
    ends_on: date
    terms: str = ""

    def __str__(self) -> str:
        return f"{self.vendor} {self.starts_on} to {self.ends_on}"
