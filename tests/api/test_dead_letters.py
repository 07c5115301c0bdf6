"""Dead letters over HTTP: looked at by anyone, retried and given up by an administrator."""

import base64
from datetime import datetime, timedelta

import httpx
import pytest

from config.clock import from_us, now_us, to_us
from config.database import Connection, fetch_one
from edge.reading import ReadingBatch
from edge.wire import encode_readings
from tests.api.conftest import Plant

LETTERS = "/api/v1/dead-letters"
INSERT = """
INSERT INTO dead_letter (
    reader, partition, stream, sequence, batch, edge, kind, reason, rows, data, source, address,
    received_at
)
VALUES ('ingest', 0, 's', 1, 'edge-1:a:1', 'edge-1', %s, %s, %s, %s, %s, %s, now())
RETURNING id
"""


async def add(connection: Connection, kind: str, data: bytes, *, source: str = "") -> int:
    rows = 1 if kind == "readings" else None
    address = "plant/7" if source else ""
    row = await fetch_one(connection, INSERT, [kind, "refused", rows, data, source, address])
    assert row is not None
    return int(row[0])


def one_reading(at: datetime, value: float = 5.5) -> bytes:
    return encode_readings(ReadingBatch.from_rows([("P-101.de_vibration", to_us(at), value, 0)]))


async def test_a_letter_is_shown_with_its_rows(client: httpx.AsyncClient, plant: Plant) -> None:
    number = await add(plant.connection, "readings", one_reading(plant.start))
    shown = (await client.get(f"{LETTERS}/{number}")).json()
    assert (shown["kind"], shown["state"], shown["text"]) == ("readings", "open", None)
    [reading] = shown["readings"]
    assert (reading["tag"], reading["value"], reading["quality"]) == (
        *("P-101.de_vibration", 5.5),
        "good",
    )
    assert datetime.fromisoformat(reading["ts"]) == plant.start


@pytest.mark.parametrize(("data", "text"), [(b'{"t": ', '{"t": '), (b"\xff\x00", None)])
async def test_a_payload_is_shown_as_it_came(
    client: httpx.AsyncClient, plant: Plant, data: bytes, text: str | None
) -> None:
    number = await add(plant.connection, "payload", data, source="line-7")
    shown = (await client.get(f"{LETTERS}/{number}")).json()
    assert (shown["source"], shown["address"], shown["text"]) == ("line-7", "plant/7", text)
    assert base64.b64decode(shown["data"]) == data


async def test_a_value_that_json_cannot_hold_is_none(
    client: httpx.AsyncClient, plant: Plant
) -> None:
    number = await add(plant.connection, "readings", one_reading(plant.start, float("inf")))
    assert (await client.get(f"{LETTERS}/{number}")).json()["readings"][0]["value"] is None


async def test_letters_are_listed_by_what_they_are(client: httpx.AsyncClient, plant: Plant) -> None:
    await add(plant.connection, "payload", b"x", source="line-7")
    rows = await add(plant.connection, "readings", one_reading(plant.start))
    for query, wanted in (
        ({"kind": "readings"}, [rows]),
        ({"source": "line-7"}, [rows - 1]),
        ({"state": "discarded"}, []),
    ):
        page = (await client.get(LETTERS, params=query)).json()
        assert [letter["id"] for letter in page["items"]] == wanted


async def test_a_retry_stores_the_rows_once(client: httpx.AsyncClient, plant: Plant) -> None:
    at = from_us(now_us()) - timedelta(seconds=1)
    number = await add(plant.connection, "readings", one_reading(at))
    answer = await client.post(f"{LETTERS}/{number}/retry")
    assert answer.json() == {"stored": 1, "known": 0, "unknown": 0}
    again = await client.post(f"{LETTERS}/{number}/retry")
    assert (again.status_code, again.json()["type"]) == (409, "/problems/dead-letter-settled")
    row = await fetch_one(plant.connection, "SELECT count(*) FROM reading WHERE ts = %s", [at])
    assert row == (1,)
    assert (await client.get(f"{LETTERS}/count")).json() == {"count": 0}


async def test_a_refused_retry_says_why_and_changes_nothing(
    client: httpx.AsyncClient, plant: Plant
) -> None:
    number = await add(plant.connection, "payload", b"x", source="line-7")
    answer = await client.post(f"{LETTERS}/{number}/retry")
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/retry-refused")
    assert "correct the source's file" in answer.json()["detail"]
    assert (await client.get(f"{LETTERS}/{number}")).json()["state"] == "open"


async def test_who_gave_a_letter_up_and_why_stays(client: httpx.AsyncClient, plant: Plant) -> None:
    number = await add(plant.connection, "payload", b"x", source="line-7")
    answer = await client.post(f"{LETTERS}/{number}/discard", json={"reason": "commissioning"})
    shown = answer.json()
    assert (shown["state"], shown["settled_note"]) == ("discarded", "commissioning")
    assert shown["settled_by"] == "key:test administrator"
    assert shown["settled_at"]
    empty = await client.post(f"{LETTERS}/{number}/discard", json={"reason": ""})
    assert empty.status_code == 422


async def test_a_letter_that_is_not_there_is_not_found(
    client: httpx.AsyncClient, plant: Plant
) -> None:
    assert plant
    for answer in (
        await client.get(f"{LETTERS}/99"),
        await client.post(f"{LETTERS}/99/retry"),
        await client.post(f"{LETTERS}/99/discard", json={"reason": "x"}),
    ):
        assert (answer.status_code, answer.json()["type"]) == (404, "/problems/not-found")
