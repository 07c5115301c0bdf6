"""The page of codes."""

import httpx
import pytest

pytestmark = [pytest.mark.store, pytest.mark.usefixtures("plant")]


async def test_codes_are_listed_with_their_use(client: httpx.AsyncClient) -> None:
    page = await client.get("/codes")
    assert page.status_code == 200
    assert "Waiting for parts" in page.text
    assert "Overheating" in page.text
