"""Labels to be stuck on machines: a QR code that leads to the form of a fault report."""

from urllib.parse import quote
from xml.sax.saxutils import escape

import segno

_HEIGHT = 120
_CODE = 92
# Scanners want a white border of four modules; the smallest code of an address has 25.
_BORDER = 15
_TEXT_AT = _CODE + 2 * _BORDER
_WIDTH = 360
_LONGEST_NAME = 28


def report_address(base: str, tag: str) -> str:
    """Where a fault of an asset is reported; `base` is where people reach our pages."""
    return f"{base.rstrip('/')}/report?asset={quote(tag, safe='')}"


def label_svg(base: str, tag: str, name: str) -> str:
    """A label as SVG: the code, and beside it tag, name and what to do with it."""
    code = segno.make(report_address(base, tag), error="m", micro=False)
    size = code.symbol_size(border=0)[0]
    drawing = code.svg_inline(border=0, scale=_CODE / size, omitsize=False, svgclass=None)
    lines = [
        (f'<text x="{_TEXT_AT}" y="42" font-size="26" font-weight="700">{escape(tag)}</text>'),
        f'<text x="{_TEXT_AT}" y="68" font-size="15">{escape(_short(name))}</text>',
        f'<text x="{_TEXT_AT}" y="98" font-size="13">Something wrong? Scan me.</text>',
    ]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" '
        f'aria-label="Label of {escape(tag, {chr(34): "&quot;"})}" '
        'font-family="system-ui, sans-serif">'
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#fff"/>'
        f'<g transform="translate({_BORDER} {_BORDER})">{drawing}</g>{"".join(lines)}</svg>'
    )


def _short(name: str) -> str:
    return name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}…"
