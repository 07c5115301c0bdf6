"""`oilcan demo --check`: the whole line, as a newcomer runs it."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.access.roles import Role
from api.access.service import create_api_key
from config.database import connect
from oilcan.demo.show import Watch
from oilcan.demo.snapshot import OrderView
from oilcan.demo.stage import DemoOptions, Stage, demo_home, set_up

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(400)]

ROOT = Path(__file__).parents[2]
PROTOCOLS = ("modbus", "opcua", "mqtt")


def start(
    folder: Path, database_url: str = "", options: Sequence[str] = ()
) -> "subprocess.Popen[str]":
    """A demo as a process of its own, with `folder` for all that it writes."""
    folder.mkdir(exist_ok=True)
    told = {"TMPDIR": str(folder), "OILCAN_DEMO_DATABASE_URL": database_url}
    return subprocess.Popen(
        [sys.executable, "-m", "oilcan", "demo", "--check", *options],
        cwd=ROOT,
        env=os.environ | told,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def finish(process: "subprocess.Popen[str]") -> tuple[int, str]:
    output, _ = process.communicate(timeout=300)
    return process.returncode, output


def left_running(folder: Path) -> list[str]:
    """Command lines of processes that know of `folder`."""
    found = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = file.read_bytes().decode(errors="replace").split("\0")
        except OSError:
            continue
        if any(str(folder) in word for word in words):
            found.append(" ".join(words))
    return found


@pytest.fixture
def given_database(request: pytest.FixtureRequest) -> str:
    """An empty database on the server under test, or nothing: the demo's own PostgreSQL."""
    if not os.environ.get("OILCAN_TEST_DATABASE_URL"):
        return ""
    url: str = request.getfixturevalue("empty_database_url")
    return url


def test_each_protocol_leads_to_a_work_order(tmp_path: Path, given_database: str) -> None:
    code, output = finish(start(tmp_path / "demo", given_database))
    assert code == 0, output
    for protocol in PROTOCOLS:
        (line,) = [line for line in output.splitlines() if line.startswith(protocol)]
        assert "WO-0" in line
        assert "from register to order" in line
    assert left_running(tmp_path) == []
    assert list((tmp_path / "demo").iterdir()) == []


def test_two_demos_run_side_by_side(tmp_path: Path) -> None:
    demos = [start(tmp_path / name) for name in ("one", "two")]
    for code, output in map(finish, demos):
        assert code == 0, output


def test_out_of_time_it_names_what_is_missing(tmp_path: Path) -> None:
    code, output = finish(start(tmp_path / "demo", options=["--timeout", "1"]))
    assert code == 1, output
    for protocol in PROTOCOLS:
        (line,) = [line for line in output.splitlines() if line.startswith(protocol)]
        assert "missing: no reading" in line
    assert left_running(tmp_path) == []
    assert list((tmp_path / "demo").iterdir()) == []


async def take_every_step(client: httpx.AsyncClient, path: str) -> None:
    """Record at each required step that all is well."""
    for step in (await client.get(f"{path}/steps")).json()["steps"]:
        found: dict[str, dict[str, Any]] = {
            "check": {"said": "ok"},
            "choice": {"said": next(iter(step["choices"]), "")},
            "number": {"value": 2.0},
            "signature": {"said": "Kim"},
        }
        if step["required"]:
            said = found[step["kind"]] | {"expected_revision": step["revision"]}
            answer = await client.post(f"{path}/steps/{step['position']}/results", json=said)
            assert answer.status_code == 201, answer.text


async def step_permits(client: httpx.AsyncClient, path: str, step: str) -> None:
    """Issue every permit of an order, or hand it back."""
    for permit in (await client.get(f"{path}/permits")).json()["items"]:
        answer = await client.post(f"{path}/permits/{permit['id']}/{step}", json={})
        assert answer.status_code == 200, answer.text


async def move_on(
    client: httpx.AsyncClient, path: str, action: str, said: dict[str, str]
) -> httpx.Response:
    """Move an order on as it stands; the plant lives, so it is read again where it has changed."""
    while True:
        tag = (await client.get(path)).headers["ETag"]
        answer = await client.post(f"{path}/{action}", json=said, headers={"If-Match": tag})
        if answer.status_code != httpx.codes.PRECONDITION_FAILED:
            return answer


async def carry_out(stage: Stage, order: OrderView) -> None:
    """Take an order from draft to completed through the API, as a planner would."""
    connection = await connect(stage.running.database_url, autocommit=True)
    key = await create_api_key(connection, name="planner", role=Role.PLANNER)
    await connection.close()
    said = {"resolution": "Bearing replaced and lubricated"}
    headers = {"Authorization": f"Bearer {key}"}
    async with httpx.AsyncClient(base_url=stage.running.http_url, headers=headers) as client:
        path = f"/api/v1/work-orders/{order.number}"
        for action in ("approve", "start", "complete"):
            if action == "start":
                await step_permits(client, path, "issue")
            if action == "complete":
                await take_every_step(client, path)
                await step_permits(client, path, "close")
            answer = await move_on(client, path, action, said)
            assert answer.status_code == 200, answer.text


async def test_completing_an_order_mends_its_machine(tmp_path: Path) -> None:
    options = DemoOptions(home=tmp_path / "home")
    worked_on = False
    async with asyncio.timeout(120):
        with demo_home(options) as home:
            async with (
                set_up(options, home) as stage,
                aclosing(Watch(stage).snapshots(0.5)) as snapshots,
            ):
                async for snapshot in snapshots:
                    point = await stage.api.get("points/P-101.de_vibration")
                    orders = [one for one in snapshot.orders if "Vibration" in one.title]
                    if orders and not worked_on:
                        await carry_out(stage, orders[-1])
                        worked_on = True
                    elif worked_on and point["latest"]["value"] < 3.0:
                        break
    assert worked_on
