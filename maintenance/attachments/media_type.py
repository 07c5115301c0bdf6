"""What a file is, from its first bytes: what it calls itself is not believed.

Signatures: the formats' own specifications. Only types that are found here by their bytes may be
shown inside a page; everything else is handed over as a download.
"""

from collections.abc import Mapping
from pathlib import PurePosixPath
from types import MappingProxyType

UNKNOWN = "application/octet-stream"

LONGEST_SIGNATURE = 16
"""As many bytes are enough to tell."""

SHOWN = frozenset({"image/jpeg", "image/png", "image/webp", "image/gif", "application/pdf"})
"""Types that a browser may show; none of them can run a script on our pages."""

_SIGNATURES: tuple[tuple[bytes, str], ...] = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"%PDF-", "application/pdf"),
)

# Without a signature of their own, or with one that many share: downloads, so the name may tell.
_BY_ENDING: Mapping[str, str] = MappingProxyType(
    {
        ".csv": "text/csv",
        ".txt": "text/plain",
        ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        ".odt": "application/vnd.oasis.opendocument.text",
        ".ods": "application/vnd.oasis.opendocument.spreadsheet",
        ".dxf": "image/vnd.dxf",
        ".step": "model/step",
        ".zip": "application/zip",
        ".mp4": "video/mp4",
        ".heic": "image/heic",
    }
)


def media_type(start: bytes, name: str) -> str:
    """The media type of a file from its first bytes, and for a download from its name's ending."""
    for signature, found in _SIGNATURES:
        if start.startswith(signature):
            return found
    if start[:4] == b"RIFF" and start[8:12] == b"WEBP":
        return "image/webp"
    return _BY_ENDING.get(PurePosixPath(name.lower()).suffix, UNKNOWN)
