"""The register as a table over HTTP."""

import httpx
import pytest

from api.access.roles import Role
from tests.api.conftest import ClientOf

pytestmark = [pytest.mark.store, pytest.mark.usefixtures("plant")]

TABLE = "/api/v1/asset-table"
NEW = "tag,name,class,site,location\nP-103,Sump pump,centrifugal_pump,north,pump-house\n"


async def test_a_table_that_is_sent_back_changes_nothing(client: httpx.AsyncClient) -> None:
    table = await client.get(TABLE)
    assert table.headers["content-type"].startswith("text/csv")
    assert table.text.startswith("tag,name,class,site")
    answer = await client.post(TABLE, content=table.content)
    assert (answer.json()["changes"], answer.json()["unchanged"]) == ([], 3)


async def test_a_dry_run_says_what_an_import_does(client: httpx.AsyncClient) -> None:
    told = (await client.post(TABLE, content=NEW, params={"dry_run": True})).json()
    assert (await client.get("/api/v1/assets/P-103")).status_code == 404
    done = (await client.post(TABLE, content=NEW)).json()
    assert told["changes"] == done["changes"] == [{"kind": "added", "tag": "P-103", "fields": []}]
    assert (await client.get("/api/v1/assets/P-103")).json()["kept_in"] == "database"


async def test_every_wrong_row_is_named(client: httpx.AsyncClient) -> None:
    text = NEW + "P-104,,centrifugal_pump,north,pump-house\nP-105,N,centrifugal_pmp,north,\n"
    answer = await client.post(TABLE, content=text)
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/import-refused")
    assert [each["field"] for each in answer.json()["errors"]] == [
        "row 3, column name",
        "row 4, column class",
    ]
    assert (await client.get("/api/v1/assets/P-103")).status_code == 404


async def test_what_is_no_text_is_refused(client: httpx.AsyncClient) -> None:
    assert (await client.post(TABLE, content=b"\xff\xfe")).status_code == 422


async def test_a_technician_reads_the_table_only(client_of: ClientOf) -> None:
    technician = await client_of(Role.TECHNICIAN)
    assert (await technician.get(TABLE)).status_code == 200
    assert (await technician.post(TABLE, content=NEW)).status_code == 403


async def test_sites_locations_and_classes_are_listed(client: httpx.AsyncClient) -> None:
    for name, codes in [
        ("sites", ["north"]),
        ("locations", ["hall-2", "pump-house"]),
        ("asset-classes", ["centrifugal_pump", "conveyor"]),
    ]:
        items = (await client.get(f"/api/v1/{name}")).json()["items"]
        assert [each["code"] for each in items] == codes
