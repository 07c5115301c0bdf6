"""Readings over HTTP: raw, in buckets, for a chart, by state, and in every format."""

import io
from datetime import timedelta
from typing import Any

import httpx
import numpy as np
import pyarrow as pa
import pytest
from pyarrow import csv, parquet

from api.bodies.readings import Format
from api.tables import wanted_format
from config.clock import to_us

pytestmark = pytest.mark.store

VIBRATION = "/api/v1/points/P-101.de_vibration"


def hour(plant: Any) -> dict[str, str]:
    """The hour that has readings."""
    return {
        "start": plant.start.isoformat(),
        "end": (plant.start + timedelta(hours=1)).isoformat(),
    }


async def test_raw_readings_of_a_window_leave_its_start_out(
    client: httpx.AsyncClient, plant: Any
) -> None:
    query = {
        "start": plant.start.isoformat(),
        "end": (plant.start + timedelta(seconds=30)).isoformat(),
    }
    readings = (await client.get(f"{VIBRATION}/readings", params=query)).json()
    start = to_us(plant.start)
    assert readings["kind"] == "raw"
    assert readings["ts"] == [start + n * 10_000_000 for n in (1, 2, 3)]
    assert readings["next"] is None


async def test_raw_readings_go_on_where_they_were_cut(
    client: httpx.AsyncClient, plant: Any
) -> None:
    query: dict[str, Any] = {
        "start": plant.start.isoformat(),
        "end": (plant.start + timedelta(hours=1)).isoformat(),
        "limit": 100,
    }
    seen: list[int] = []
    qualities: list[int] = []
    while True:
        page = (await client.get(f"{VIBRATION}/readings", params=query)).json()
        seen += page["ts"]
        qualities += page["quality"]
        if page["next"] is None:
            break
        query["cursor"] = page["next"]
    assert seen == [to_us(plant.start) + n * 10_000_000 for n in range(1, 360)]
    assert qualities.count(128) == 1


async def test_buckets_sum_up_and_leave_bad_readings_out(
    client: httpx.AsyncClient, plant: Any
) -> None:
    query = {
        "start": plant.start.isoformat(),
        "end": (plant.start + timedelta(hours=1)).isoformat(),
        "width": "60s",
    }
    readings = (await client.get(f"{VIBRATION}/readings", params=query)).json()
    assert (readings["kind"], readings["width_us"]) == ("buckets", 60_000_000)
    assert sum(readings["count"]) == 359
    assert all(
        least <= mean <= most
        for least, mean, most in zip(readings["min"], readings["avg"], readings["max"], strict=True)
    )


@pytest.mark.parametrize(
    "query",
    [
        {"start": "2026-01-02T00:00:00Z", "end": "2026-01-01T00:00:00Z"},
        {"start": "2026-01-01T00:00:00"},
        {"width": "soon"},
        {"width": "0s"},
        {"width": "1ms"},
    ],
)
@pytest.mark.usefixtures("plant")
async def test_a_range_that_makes_no_sense_is_refused(
    client: httpx.AsyncClient, query: dict[str, str]
) -> None:
    answer = await client.get(f"{VIBRATION}/readings", params=query)
    assert (answer.status_code, answer.json()["type"]) == (400, "/problems/range-invalid")


@pytest.mark.usefixtures("plant")
async def test_width_and_pixels_exclude_each_other(client: httpx.AsyncClient) -> None:
    query: dict[str, Any] = {"width": "1h", "pixels": 100}
    answer = await client.get(f"{VIBRATION}/readings", params=query)
    assert answer.status_code == 422


@pytest.mark.parametrize(
    "query",
    [
        {"width": "1h", "zone": "site"},
        {"width": "1h", "max_gap": "500d"},
        {"start": "1960-01-01T00:00:00Z"},
    ],
)
@pytest.mark.usefixtures("plant")
async def test_buckets_that_cannot_be_made_are_refused(
    client: httpx.AsyncClient, query: dict[str, str]
) -> None:
    answer = await client.get(f"{VIBRATION}/readings", params=query)
    assert (answer.status_code, answer.json()["type"]) == (400, "/problems/range-invalid")


async def test_buckets_say_what_they_cover(client: httpx.AsyncClient, plant: Any) -> None:
    query = {**hour(plant), "width": "1d"}
    readings = (await client.get(f"{VIBRATION}/readings", params=query)).json()
    # 360 readings ten seconds apart; the bad one between two others is bridged.
    assert sum(readings["covered_s"]) == pytest.approx(3590)
    assert readings["increase"] is None
    short = await client.get(f"{VIBRATION}/readings", params={**query, "max_gap": "15s"})
    assert sum(short.json()["covered_s"]) == pytest.approx(3570)


async def test_days_of_the_site_begin_at_its_midnight(
    client: httpx.AsyncClient, plant: Any
) -> None:
    query = {**hour(plant), "width": "1d", "zone": "site"}
    readings = (await client.get(f"{VIBRATION}/readings", params=query)).json()
    assert {ts // 3_600_000_000 % 24 for ts in readings["ts"]} <= {22, 23}


async def test_a_counter_says_what_it_counted(client: httpx.AsyncClient, plant: Any) -> None:
    await plant.connection.execute(
        "UPDATE point SET kind = 'counter' WHERE tag = 'P-101.de_vibration'"
    )
    query = {**hour(plant), "width": "1d"}
    readings = (await client.get(f"{VIBRATION}/readings", params=query)).json()
    assert sum(readings["increase"]) > 0


async def test_a_chart_has_no_more_points_than_can_be_seen(
    client: httpx.AsyncClient, plant: Any
) -> None:
    query = {**hour(plant), "pixels": "100"}
    readings = (await client.get(f"{VIBRATION}/readings", params=query)).json()
    assert (readings["kind"], readings["source"]) == ("chart", "readings")
    assert 100 <= len(readings["ts"]) <= 300
    assert readings["ts"] == sorted(readings["ts"])


async def test_a_stretch_without_readings_is_a_hole_in_the_chart(
    client: httpx.AsyncClient, plant: Any
) -> None:
    await plant.connection.execute(
        "DELETE FROM reading WHERE ts BETWEEN %s AND %s",
        [plant.start + timedelta(minutes=20), plant.start + timedelta(minutes=40)],
    )
    query = {**hour(plant), "pixels": "500"}
    readings = (await client.get(f"{VIBRATION}/readings", params=query)).json()
    assert readings["value"].count(None) == 1


async def test_states_are_timed(client: httpx.AsyncClient, plant: Any) -> None:
    answer = await client.get("/api/v1/points/P-101.running/states", params=hour(plant))
    found = answer.json()
    assert found["range_s"] == 3600
    assert found["states"] == [{"value": 1.0, "seconds": pytest.approx(3590), "entries": 0}]
    assert found["covered_s"] == pytest.approx(3590)


def read_table(form: str, content: bytes) -> Any:
    """The table of an answer."""
    if form == "csv":
        return csv.read_csv(io.BytesIO(content))
    if form == "arrow":
        return pa.ipc.open_stream(content).read_all()
    return parquet.read_table(io.BytesIO(content))


@pytest.mark.parametrize("form", ["csv", "arrow", "parquet"])
async def test_all_raw_readings_of_a_range_come_as_a_table(
    client: httpx.AsyncClient, plant: Any, form: str
) -> None:
    answer = await client.get(f"{VIBRATION}/readings", params={**hour(plant), "format": form})
    table = read_table(form, answer.content)
    assert table.column_names == ["ts", "value", "quality"]
    assert table.num_rows == 359
    assert f'filename="P-101.de_vibration.{form}"' in answer.headers["content-disposition"]
    page = await client.get(f"{VIBRATION}/readings", params=hour(plant))
    np.testing.assert_array_equal(
        table["value"].to_numpy(), np.array(page.json()["value"], np.float64)
    )
    times = table["ts"].cast(pa.timestamp("us", tz="UTC")).cast(pa.int64())
    assert times.to_pylist() == page.json()["ts"]


@pytest.mark.parametrize("shape", [{"width": "1m"}, {"pixels": "30"}])
async def test_buckets_and_charts_come_as_tables_too(
    client: httpx.AsyncClient, plant: Any, shape: dict[str, str]
) -> None:
    query = {**hour(plant), **shape}
    answer = await client.get(
        f"{VIBRATION}/readings",
        params=query,
        headers={"Accept": "application/vnd.apache.arrow.stream"},
    )
    table = read_table("arrow", answer.content)
    plain = (await client.get(f"{VIBRATION}/readings", params=query)).json()
    assert table["ts"].cast(pa.int64()).to_pylist() == plain["ts"]
    column = "avg" if "width" in shape else "value"
    assert table[column].to_pylist() == plain[column]


@pytest.mark.parametrize(
    ("named", "accept", "form"),
    [
        (None, None, Format.JSON),
        (None, "*/*", Format.JSON),
        (None, "text/html, text/csv;q=0.9", Format.CSV),
        (None, "application/vnd.apache.parquet", Format.PARQUET),
        (Format.ARROW, "text/csv", Format.ARROW),
    ],
)
def test_the_format_is_named_or_accepted(
    named: Format | None, accept: str | None, form: Format
) -> None:
    assert wanted_format(named, accept) is form
