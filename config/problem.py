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
class Excerpt:
    """A text with a mistake in it, from `start` until before `end`, counted from 0."""

    text: str
    start: int
    end: int

    def __str__(self) -> str:
        """The line that has the mistake, and a line under it that marks the place."""
        before = self.text.rfind("\n", 0, self.start) + 1
        line = self.text[before:].partition("\n")[0]
        at = self.start - before
        width = max(1, min(self.end - before, len(line)) - at)
        return f"{line}\n{' ' * at}{'^' if width == 1 else '~' * width}"


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong at a place, and what would be right; of an expression, where in its text."""

    place: Place
    message: str
    remedy: str
    excerpt: Excerpt | None = None

    def __str__(self) -> str:
        return f"{self.place}: {self.message}. {self.remedy}"

    def explain(self) -> str:
        """The problem with the lines of its excerpt below it."""
        if self.excerpt is None:
            return str(self)
        return "\n".join([str(self), *(f"    {line}" for line in str(self.excerpt).split("\n"))])
