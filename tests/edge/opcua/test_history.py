"""The gap of an outage is filled from the server's history: in order, and nothing twice."""

from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from asyncua import Server, ua
from hypothesis import given
from hypothesis import strategies as st

from config.clock import from_us, to_us
from edge.opcua.collector import OpcuaCollector
from edge.opcua.history import Overlap, Stored, rows_of
from edge.reading import Quality, Reason, quality_code
from tests.edge.memory import Collecting, Memory
from tests.edge.opcua.compressor import compressor, failed, source
from tests.edge.opcua.kept import Kept, keeping, value

NOW = 1_700_000_000_000_000
BAD = ua.StatusCode(ua.StatusCodes.BadSensorFailure)


async def missed(
    port: int, memory: Memory, collecting: Collecting, page: int, **more: Any
) -> tuple[list[ua.DataValue], Kept]:
    """A server goes, keeps 25 values that nobody hears, and is back; live goes on at 100."""
    settings = source(port, **more)
    collector = OpcuaCollector(settings)
    start = datetime.now(UTC)
    lost = [value(float(n), start + timedelta(milliseconds=n + 1)) for n in range(25)]
    history = Kept([value(-1.0, start - timedelta(seconds=1)), *lost], page)
    async with AsyncExitStack() as stack:
        async with compressor(port) as machine:
            await machine.write("temp", 20.5, SourceTimestamp=start)
            await stack.enter_async_context(collecting(collector, memory))
            await memory.until(lambda m: len(m.rows) == 2)
        await failed(collector)
        async with compressor(port, prepare=prepared(history, lost[-1])) as machine:
            await memory.until(lambda m: len(m.of("K-1.speed")) == 2)
            await machine.write("temp", 100.0, SourceTimestamp=datetime.now(UTC))
            await memory.until(lambda m: m.values("K-1.temp")[-1] == 100.0)
    return lost, history


def prepared(history: Kept, present: ua.DataValue) -> Callable[[Server], Awaitable[None]]:
    async def prepare(server: Server) -> None:
        index = await server.get_namespace_index("urn:test:compressor")
        await server.get_node(ua.NodeId("temp", index)).write_value(present)
        await keeping(history)(server)

    return prepare


@pytest.mark.parametrize("page", [4, 10_000])
async def test_a_gap_is_filled_in_order_and_nothing_comes_twice(
    port: int, memory: Memory, collecting: Collecting, page: int
) -> None:
    lost, history = await missed(port, memory, collecting, page)
    assert history.reads >= 25 / page
    assert memory.values("K-1.temp") == [20.5, *(float(n) for n in range(25)), 100.0]
    times = [row[1] for row in memory.of("K-1.temp")]
    assert times[1:-1] == [to_us(each.SourceTimestamp) for each in lost]
    assert times == sorted(set(times))


async def test_no_history_is_read_where_the_file_wants_none(
    port: int, memory: Memory, collecting: Collecting
) -> None:
    _, history = await missed(port, memory, collecting, 10_000, history="0s")
    assert history.reads == 0
    assert memory.values("K-1.temp") == [20.5, 24.0, 100.0]


async def test_a_history_that_cannot_be_read_is_told_and_live_goes_on(
    port: int, memory: Memory, collecting: Collecting, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: Any) -> Any:
        raise ua.uaerrors.BadHistoryOperationUnsupported

    monkeypatch.setattr(Kept, "read_node_history", broken)
    await missed(port, memory, collecting, 10_000)
    assert memory.values("K-1.temp") == [20.5, 24.0, 100.0]


def test_the_first_connection_knows_of_no_gap() -> None:
    assert Stored().last_us == {}


def test_only_histories_that_there_are_have_positions() -> None:
    stored = Stored({"a": 5, "b": 7})
    assert stored.positions == {}
    stored.kept = {"a", "c"}
    assert stored.positions == {"a": 5}


def test_what_an_earlier_process_had_stored_is_known() -> None:
    assert Stored.after({"a": 5}).positions == {"a": 5}


@given(st.lists(st.integers(1, 50)), st.integers(0, 60))
def test_a_page_is_in_time_order_and_holds_each_time_once(times: list[int], start: int) -> None:
    rows = rows_of("a", [value(1.0, from_us(NOW + t)) for t in times], from_us=NOW + start)
    assert [row[1] - NOW for row in rows] == sorted({t for t in times if t >= start})


def test_a_page_keeps_the_quality_and_leaves_out_what_has_no_time() -> None:
    moment = from_us(NOW)
    data = [value(1.0, moment, StatusCode=BAD), ua.DataValue(ua.Variant(2.0))]
    (row,) = rows_of("a", data, from_us=0)
    assert (row[1], row[3]) == (NOW, quality_code(Quality.BAD, Reason.DEVICE))


@given(st.sets(st.integers(0, 20)), st.integers(0, 20))
def test_live_changes_go_on_where_history_ended(times: set[int], told: int) -> None:
    overlap = Overlap()
    overlap.told("a", range(told + 1))
    live = [ts for ts in sorted(times) if overlap.is_new("a", ts)]
    assert live == [ts for ts in sorted(times) if ts > told]
    assert overlap.is_new("b", 0)


def test_a_time_in_the_future_that_history_told_holds_nothing_back() -> None:
    overlap = Overlap()
    overlap.told("a", [5, NOW])
    assert not overlap.is_new("a", 5)
    assert [overlap.is_new("a", ts) for ts in (6, 7)] == [True, True]
    assert len(overlap) == 0
