"""The demo's requests: taken in once, one of them joined to another."""

from pathlib import Path

import pytest

from config.database import connect
from maintenance.requests.queries import RequestFilters, find_requests
from maintenance.requests.request import RequestState
from oilcan.demo.requests import REQUESTS, ask_for_work
from oilcan.plant.apply import apply_plant
from oilcan.plant.folder import load_plant

PLANT = Path(__file__).parents[3] / "oilcan" / "demo" / "plant"


async def test_requests_are_taken_in_once_and_one_is_a_duplicate(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("OILCAN_DEMO_MODBUS_PORT", "OILCAN_DEMO_OPCUA_PORT", "OILCAN_MQTT_PORT"):
        monkeypatch.setenv(name, "5020")
    await apply_plant(database_url, load_plant(PLANT))
    for _ in range(2):
        await ask_for_work(database_url)
    connection = await connect(database_url)
    try:
        found = await find_requests(connection, RequestFilters())
    finally:
        await connection.close()
    assert len(found) == len(REQUESTS)
    (twin,) = [each for each in found if each.state is RequestState.DUPLICATE]
    (first,) = [each for each in found if each.number == twin.duplicate_of]
    assert (twin.asset, first.asset) == ("P-101", "P-101")
    assert {each.state for each in found if each is not twin} == {RequestState.NEW}
