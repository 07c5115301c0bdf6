"""What a gateway's log holds is in the hub's once and in order, however often either goes away."""

import asyncio
from pathlib import Path

import pytest

from config.errors import LogUnavailable
from config.log import Kind, Position, Record, ensure_stream
from config.log_batch import BatchRefused, publish_together
from config.log_store import release, usage
from edge.forwarder import groups
from edge.patience import Patience
from edge.position_file import load_position, save_position
from tests.edge.gateway_line import (
    LOG_BYTES,
    Line,
    batch,
    emptied,
    forwarding,
    keep,
    numbers,
    says,
    stream,
    told,
    until,
)

_SMALL_BYTES = 16 * 1024**2


async def test_what_the_gateway_keeps_goes_to_the_hub_and_is_then_let_go(line: Line) -> None:
    await line.hub.start()
    await line.gateway.start()
    async with stream(line.hub) as hub, stream(line.gateway) as own, forwarding(line) as forwarder:
        await keep(own, 1, 200)
        assert await told(hub, 200) == numbers(1, 200)
        await emptied(own)
    assert forwarder.counts.records == 200


async def test_neither_side_hears_the_publishers_of_the_other(line: Line) -> None:
    await line.hub.start()
    await line.gateway.start()
    async with stream(line.hub) as hub, stream(line.gateway) as own:
        await keep(own, 1, 3)
        await keep(hub, 10, 3, session="hub")
        assert await told(own, 3) == numbers(1, 3)
        assert await told(hub, 3) == numbers(10, 3, "hub")


async def test_a_gateway_collects_before_it_has_ever_seen_its_hub(line: Line) -> None:
    await line.gateway.start()
    async with stream(line.gateway) as own, forwarding(line) as forwarder:
        await keep(own, 1, 50)
        await until(lambda: says(forwarder, "the hub's log takes nothing since "))
        await line.hub.start()
        async with stream(line.hub) as hub:
            assert await told(hub, 50) == numbers(1, 50)
        await emptied(own)
        assert forwarder.problem == ""


async def test_the_order_holds_over_deaths_of_the_forwarder_and_of_both_servers(
    line: Line,
) -> None:
    await line.hub.start()
    await line.gateway.start()
    async with stream(line.hub) as hub, stream(line.gateway) as own:
        for number in range(12):
            session = f"s{number // 4}"
            await keep(own, number * 40, 40, session=session)
            async with forwarding(line):
                await asyncio.sleep(0.02 * number)
                if number % 4 == 1:
                    line.hub.kill()
                    await line.hub.start()
                if number % 4 == 3:
                    line.gateway.kill()
                    await line.gateway.start()
        async with forwarding(line):
            wanted = [(f"s{number // 160}", number) for number in range(480)]
            assert await told(hub, 480) == wanted
            await emptied(own)


async def test_a_full_hub_leaves_everything_with_the_gateway_and_in_order(line: Line) -> None:
    await line.hub.start()
    await line.gateway.start()
    async with stream(line.hub, _SMALL_BYTES) as hub, stream(line.gateway) as own:
        await keep(own, 1, 24, data=bytes(1024**2))
        async with forwarding(line) as forwarder:
            await until(lambda: says(forwarder, "the hub's log is full since "))
            taken = (await usage(hub)).records
            assert taken < 24
            await ensure_stream(hub, max_bytes=LOG_BYTES)
            assert await told(hub, 24) == numbers(1, 24)


def test_records_go_together_within_a_session_and_a_size() -> None:
    """A reader of the hub's log knows an edge's last session alone."""
    sent = [record(n, bytes(400), "a") for n in range(3)] + [record(n, b"", "b") for n in range(3)]
    together = [[one.batch.sequence for one in part] for part in groups(sent, 1_000)]
    assert together == [[0, 1], [2], [0, 1, 2]]
    assert [len(part) for part in groups([record(1, bytes(5_000))], 1_000)] == [1]


async def test_a_batch_is_taken_as_a_whole_or_not_at_all(line: Line) -> None:
    await line.hub.start()
    async with stream(line.hub, _SMALL_BYTES) as hub:
        records = [record(n, bytes(3 * 1024**2)) for n in range(1, 8)]
        with pytest.raises(LogUnavailable, match="full"):
            await publish_together(hub, records, timeout_s=20)
        assert (await usage(hub)).records == 0
        small = [record(n, b"x") for n in range(1, 8)]
        assert await publish_together(hub, small, timeout_s=20)
        with pytest.raises(BatchRefused, match="duplicate"):
            await publish_together(hub, [*small[5:], record(8, b"x")], timeout_s=20)
        assert await told(hub, 7) == numbers(1, 7)


def record(sequence: int, data: bytes, session: str = "s") -> Record:
    return Record(Kind.READINGS, 0, batch(sequence, session), Position("x", sequence), data)


async def test_what_a_log_gives_back_is_gone_and_its_last_place_stays_known(line: Line) -> None:
    await line.gateway.start()
    async with stream(line.gateway) as own:
        assert (await usage(own)).oldest_us == 0
        await keep(own, 1, 4)
        last = (await usage(own)).last
        await release(own, Position(last.stream, 3))
        assert await told(own, 1) == numbers(4, 1)
        await release(own, last)
        left = await usage(own)
        assert (left.records, left.last) == (0, last)


def test_a_position_is_kept_whole(tmp_path: Path) -> None:
    file = tmp_path / "forwarded.json"
    assert load_position(file) == Position()
    save_position(file, Position("s", 5))
    save_position(file, Position("s", 6))
    assert load_position(file) == Position("s", 6)
    file.write_text("{")
    assert load_position(file) == Position()


def test_patience_grows_with_waiting_in_vain_and_follows_the_link() -> None:
    patience = Patience()
    patience.failed(0.1)
    assert patience.seconds == 5.0
    patience.failed(5.0)
    assert patience.seconds == 10.0
    for _ in range(9):
        patience.failed(patience.seconds)
    assert patience.seconds == 120.0
    patience.confirmed(8.0)
    assert patience.seconds == 24.0
    patience.confirmed(0.01)
    assert patience.seconds == 5.0
