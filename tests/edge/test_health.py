"""Health counts what was read by source and device, and says a loss once and a return once."""

import json
from dataclasses import asdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.clock import now_us
from config.status import Status, parse_status
from edge.health import Health, State
from edge.reading import Quality, ReadingBatch, Reason, quality_code

DEVICE_OF = {"P-1.a": "P-1/1", "P-1.b": "P-1/2", "P-2.a": "P-2/3"}
ROWS = st.lists(
    st.tuples(
        st.sampled_from(sorted(DEVICE_OF)),
        st.integers(1, 2**50),
        st.floats(allow_nan=True),
        st.sampled_from([0, 64, 65, 128, 131]),
    ),
    max_size=30,
)


@given(st.lists(ROWS, max_size=4))
def test_the_devices_counts_are_their_rows(
    batches: list[list[tuple[str, int, float, int]]],
) -> None:
    health = Health("hall", device_of=DEVICE_OF)
    for rows in batches:
        health.count(ReadingBatch.from_rows(rows))
    every = [row for rows in batches for row in rows]
    for device in set(DEVICE_OF.values()):
        own = [row for row in every if DEVICE_OF[row[0]] == device]
        found = health.devices.get(device)
        if found is None:
            assert own == []
            continue
        assert found.readings == len(own)
        assert found.bad == sum(row[3] >= 128 for row in own)
        assert found.distrusted == sum(row[3] == 65 for row in own)
        assert found.last_reading_us == max(row[1] for row in own)
    assert health.readings == len(every)


def test_when_readings_came_is_told_beside_their_own_time() -> None:
    health = Health("hall", device_of=DEVICE_OF)
    before = now_us() / 1e6
    health.count(ReadingBatch.from_rows([("P-1.a", 5_000_000, 1.0, 0)]))
    part = health.part()
    for told in (part.metrics, part.devices["P-1/1"].metrics):
        assert told["last_reading_timestamp_seconds"] == 5.0
        assert told["last_received_timestamp_seconds"] >= before


def test_a_source_counts_the_readings_whose_own_time_was_not_believed() -> None:
    health = Health("hall")
    off = quality_code(Quality.UNCERTAIN, Reason.CLOCK)
    health.count(ReadingBatch.from_rows([("P-1.a", 5, 1.0, off), ("P-1.a", 6, 1.0, 0)]))
    assert health.part().metrics["clock_distrusted_total"] == 1.0


def test_a_batch_may_hold_tags_that_it_does_not_use() -> None:
    health = Health("hall", device_of=DEVICE_OF)
    batch = ReadingBatch.from_rows([("P-1.a", 5, 1.0, 0), ("P-2.a", 6, 1.0, 0)])
    health.count(batch.take(batch.tag_index == 1))
    assert {name: one.readings for name, one in health.devices.items()} == {"P-2/3": 1}


def test_a_source_says_its_loss_once_and_its_return_once(
    capsys: pytest.CaptureFixture[str],
) -> None:
    health = Health("hall")
    for _ in range(3):
        health.failed("no answer")
    health.connected()
    health.connected()
    said = capsys.readouterr()
    told = said.out + said.err
    assert (told.count("source lost"), told.count("source is back")) == (1, 1)
    assert health.part().metrics["reconnects_total"] == 3


def test_a_device_says_its_loss_once_and_its_return_once(
    capsys: pytest.CaptureFixture[str],
) -> None:
    health = Health("hall")
    health.connected()
    for _ in range(2):
        for _ in range(3):
            health.device_lost("P-1/1", "no answer")
        health.device_back("P-1/1")
        health.device_back("P-1/1")
    said = capsys.readouterr()
    told = said.out + said.err
    assert (told.count("device lost"), told.count("device is back")) == (2, 2)
    device = health.part().devices["P-1/1"]
    assert (device.state, device.metrics["losses_total"]) == (State.CONNECTED, 2)


def test_a_device_stands_as_its_source_does_while_that_is_away() -> None:
    health = Health("hall")
    health.connected()
    health.device_back("P-1")
    assert health.part().devices["P-1"].state == State.CONNECTED
    health.failed("connection refused")
    away = health.part().devices["P-1"]
    assert (away.state, away.message) == (State.FAILED, "connection refused")
    health.connected()
    assert health.part().devices["P-1"].state == State.CONNECTED


def test_nothing_is_ever_dropped_and_the_metric_says_so() -> None:
    assert Health("hall").part().metrics["dropped_total"] == 0


def test_what_is_not_known_yet_is_left_out() -> None:
    metrics = Health("hall").part().metrics
    assert "clock_offset_seconds" not in metrics
    assert "last_reading_timestamp_seconds" not in metrics


def test_the_furthest_clock_stands_for_the_source_and_each_device_has_its_own() -> None:
    health = Health("hall")
    for device, off_s in (("P-1", 2), ("P-2", -7)):
        for second in range(40):
            us = (1_800_000_000 + second) * 1_000_000
            health.clocks.saw(device, us - off_s * 1_000_000, us)
    part = health.part()
    assert part.metrics["clock_offset_seconds"] == -7.0
    assert part.devices["P-1"].metrics["clock_offset_seconds"] == 2.0


def test_the_devices_told_of_one_by_one_are_bounded() -> None:
    health = Health("hall")
    for device in range(3_000):
        health.device_lost(str(device), "gone")
    assert len(health.part().devices) == 1_000
    assert len(health.lost_devices) == 3_000


def test_a_status_survives_its_way_with_the_devices_of_its_parts() -> None:
    health = Health("hall", device_of=DEVICE_OF)
    health.count(ReadingBatch.from_rows([("P-1.a", 5, 1.0, 0)]))
    status = Status("edge", "edge-1", 1, healthy=True, parts={"hall": health.part()})
    assert parse_status(json.dumps(asdict(status)).encode()) == status
