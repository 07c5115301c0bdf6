"""Labels with a QR code."""

from xml.etree import ElementTree as ET

import pytest
import segno

from api.labels import label_svg, report_address


@pytest.mark.parametrize("base", ["https://oilcan.plant", "https://oilcan.plant/"])
def test_the_code_leads_to_the_report_of_the_asset(base: str) -> None:
    assert report_address(base, "P-101") == "https://oilcan.plant/report?asset=P-101"
    assert report_address(base, "Förder&1") == "https://oilcan.plant/report?asset=F%C3%B6rder%261"


def test_a_label_is_well_formed_whatever_the_asset_is_called() -> None:
    root = ET.fromstring(label_svg("http://x", 'P<"&1', "A <b>pump</b> & more " * 9))  # noqa: S314
    texts = [each.text for each in root.iter("{http://www.w3.org/2000/svg}text")]
    assert texts[0] == 'P<"&1'
    assert len(texts[1] or "") <= 28


def test_the_code_on_the_label_is_the_one_of_the_address() -> None:
    code = segno.make(report_address("http://x", "P-1"), error="m", micro=False)
    drawn = code.svg_inline(border=0, scale=92 / code.symbol_size(border=0)[0])
    path = drawn[drawn.index(' d="') : drawn.index('"/>')]
    assert path in label_svg("http://x", "P-1", "Pump")
