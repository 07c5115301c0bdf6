"""What a file is, by its bytes."""

import pytest

from maintenance.attachments.media_type import SHOWN, media_type


@pytest.mark.parametrize(
    ("start", "name", "expected"),
    [
        (b"\xff\xd8\xff\xe0", "photo", "image/jpeg"),
        (b"\x89PNG\r\n\x1a\n....", "photo.jpg", "image/png"),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "photo", "image/webp"),
        (b"%PDF-1.7", "manual", "application/pdf"),
        (
            b"PK\x03\x04",
            "parts.XLSX",
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        ),
        (b"a;b", "list.csv", "text/csv"),
        (b"\x00", "thing", "application/octet-stream"),
    ],
)
def test_the_bytes_tell_before_the_name(start: bytes, name: str, expected: str) -> None:
    assert media_type(start, name) == expected


@pytest.mark.parametrize("name", ["page.html", "drawing.svg", "photo.jpg", "x.xhtml"])
def test_markup_is_never_shown_whatever_it_is_called(name: str) -> None:
    assert media_type(b"<script>alert(1)</script>", name) not in SHOWN
