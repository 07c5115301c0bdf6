"""Markdown to HTML that is safe to show: no HTML of its own, no pictures, no scripts in links."""

from functools import cache

from markdown_it import MarkdownIt


@cache
def _renderer() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": False}).enable("table").disable("image")


def to_html(text: str) -> str:
    """The text as HTML; tags inside it are shown as they are written."""
    return str(_renderer().render(text))
