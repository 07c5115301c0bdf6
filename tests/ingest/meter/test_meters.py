"""What others read of a meter: the pace at which it counts, and who has none."""

from datetime import date

import pytest

from ingest.errors import FactMissing, FactRefused, NotAMeter
from ingest.meter.counting import NoticeKind
from ingest.meter.fact import FactKind
from ingest.meter_service import withdraw_fact
from ingest.meters import average_usage, daily_usage, life_to_date, meter_state, recent_days
from tests.ingest.meter.conftest import Meter, hourly, time

pytestmark = pytest.mark.store


async def test_the_pace_is_that_of_the_last_full_days(meter: Meter) -> None:
    await meter.write(*hourly("2026-05-01T22:00:00Z", range(240)))
    at = time("2026-05-08T12:00:00Z")
    assert await average_usage(meter.connection, meter.id, 3, at) == 24
    # Known since the first of May in Berlin's evening: the days from the second on count.
    assert await average_usage(meter.connection, meter.id, 30, at) == 24


async def test_a_meter_that_stands_still_has_the_pace_zero(meter: Meter) -> None:
    await meter.write(*hourly("2026-05-01T10:00:00Z", [7] * 100))
    assert await average_usage(meter.connection, meter.id, 7, time("2026-05-06T12:00:00Z")) == 0


async def test_a_correction_downwards_is_no_negative_pace(meter: Meter) -> None:
    await meter.write(*hourly("2026-05-01T22:00:00Z", range(100)))
    await meter.say(FactKind.CORRECTION, "2026-05-03T12:00:00Z", amount=-1_000)
    assert await average_usage(meter.connection, meter.id, 2, time("2026-05-05T12:00:00Z")) == 24


async def test_without_a_full_day_no_pace_is_known(meter: Meter) -> None:
    at = time("2026-05-01T12:00:00Z")
    assert await average_usage(meter.connection, meter.id, 7, at) is None
    await meter.write(*hourly("2026-05-01T10:00:00Z", range(3)))
    assert await average_usage(meter.connection, meter.id, 7, at) is None


async def test_today_is_counted_so_far(meter: Meter) -> None:
    await meter.write(*hourly("2026-05-01T10:00:00Z", range(40)))
    state = await meter_state(meter.connection, meter.id, time("2026-05-02T03:00:00Z"))
    assert (state.day, state.today, state.life_to_date) == (date(2026, 5, 2), 6, 17)
    later = await meter_state(meter.connection, meter.id, time("2026-05-09T03:00:00Z"))
    assert (later.day, later.today, later.life_to_date) == (date(2026, 5, 9), 0, 39)


async def test_what_was_kept_out_is_told(meter: Meter) -> None:
    await meter.set(max_per_hour=10)
    await meter.write(*hourly("2026-05-01T10:00:00Z", [1, 2, 9_000, 3, 4]))
    for keep in (False, True):
        if keep:
            await meter.keep()
        at = time("2026-05-01T20:00:00Z")
        [day] = await recent_days(meter.connection, meter.id, 30, at)
        assert [notice.kind for notice in day.notices] == [NoticeKind.SPIKE]
        assert day.kept_out == 1


async def test_a_point_that_is_no_counter_has_no_meter(
    meter: Meter, points: dict[str, int]
) -> None:
    at = time("2026-05-01T12:00:00Z")
    with pytest.raises(NotAMeter):
        await life_to_date(meter.connection, points["P-101.vib"], at)
    with pytest.raises(NotAMeter):
        await daily_usage(meter.connection, points["P-101.vib"], at.date(), at.date())


async def test_days_that_stand_take_no_fact(meter: Meter) -> None:
    await meter.write(*hourly("2026-05-04T10:00:00Z", [1, 2]))
    await meter.write(*hourly("2026-06-04T10:00:00Z", [8, 9]))
    await meter.keep()
    old = await meter.say(FactKind.CORRECTION, "2026-05-04T10:30:00Z", amount=1)
    await meter.keep()
    await meter.connection.execute("DELETE FROM reading WHERE ts < '2026-05-20'")
    with pytest.raises(FactRefused, match="no longer kept"):
        await meter.say(FactKind.CORRECTION, "2026-05-04T10:30:00Z", amount=1)
    with pytest.raises(FactRefused, match="no longer kept"):
        await withdraw_fact(meter.connection, meter.id, old, reason="no", actor="person:kim")


async def test_a_fact_of_another_meter_cannot_be_withdrawn(meter: Meter) -> None:
    with pytest.raises(FactMissing):
        await withdraw_fact(meter.connection, meter.id, 1, reason="no", actor="person:kim")


async def test_an_initial_value_of_long_ago_can_be_withdrawn(meter: Meter) -> None:
    await meter.write(*hourly("2026-05-04T10:00:00Z", [1, 2]))
    fact = await meter.say(FactKind.INITIAL, "2020-05-04T10:30:00Z", amount=100)
    await meter.keep()
    await withdraw_fact(meter.connection, meter.id, fact, reason="no", actor="person:kim")
    await meter.keep()
    assert await meter.stored_days() == [("2026-05-04", 1, 1)]
