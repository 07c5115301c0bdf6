"""A mistake in a file: where it stands, what is wrong, and what would be right."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a file; line and column count from 1, 0 means the file as a whole."""

    file: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong at a place, and what would be right."""

    place: Place
    message: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.place}: {self.message}. {self.remedy}"
