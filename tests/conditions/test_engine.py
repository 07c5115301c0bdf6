"""The engine binds rules to points, tells changes with their evidence, and keeps its memory."""

import pytest

from conditions.binding import conversion
from conditions.change import Change
from conditions.engine import Engine, Tick
from conditions.errors import SnapshotUnreadable
from conditions.event import ChangeKind, Severity, event_key
from edge.reading import ReadingBatch, SensorAlarm
from tests.conditions.plants import RULES, S, plant, readings

VIB = "P-1.vibration"


def engine(**given: object) -> Engine:
    return Engine(plant(**given), lateness_us=5 * S)  # type: ignore[arg-type]


def alarm(ts: float, *, active: bool = True, severity: int = 500, code: str = "X") -> SensorAlarm:
    return SensorAlarm("P-1", code, round(ts * S), active, severity, "too hot")


def told(changes: list[Change]) -> list[tuple[ChangeKind, float, Severity]]:
    return [(change.kind, change.at_us / S, change.severity) for change in changes]


def test_one_event_goes_up_and_down_and_ends() -> None:
    changes = engine().feed([readings(VIB, (0, 5), (1, 8), (4, 8), (5, 5), (11, 5), (12, 1))])
    assert told(changes) == [
        (ChangeKind.RAISED, 0, Severity.MEDIUM),
        (ChangeKind.ESCALATED, 3, Severity.HIGH),
        (ChangeKind.DEESCALATED, 10, Severity.MEDIUM),
        (ChangeKind.CLEARED, 12, Severity.MEDIUM),
    ]
    assert {change.key for change in changes} == {event_key("pump/zone", "P-1", "VIB", 0)}
    assert changes[-1].peak_severity is Severity.HIGH


def test_a_raise_carries_the_rule_and_the_readings_that_caused_it() -> None:
    (change,) = engine().feed([readings(VIB, (0, 1), (1, 5))])
    assert change.evidence is not None
    assert change.evidence["points"] == [
        {"tag": VIB, "unit": "mm/s", "readings": [[0, 1.0, 0], [S, 5.0, 0]]}
    ]
    assert change.evidence["rule"] == {
        "id": "pump/zone",
        "version": 1,
        "file": "rules/pump.yaml",
        "line": 8,
        "level": "medium",
        "text": "vib > 4",
        "raise": 4.0,
        "raise_op": ">",
        "clear": 3.0,
        "clear_op": "<",
        "unit": "mm/s",
        "for_s": 0.0,
        "clear_for_s": 0.0,
    }
    assert change.work_order is not None
    assert change.work_order.job_plan == "inspect-bearing"
    assert change.message == "vibration is 5 mm/s (medium: > 4 mm/s)"


def test_a_reading_without_a_number_is_null_in_the_evidence() -> None:
    (change,) = engine().feed([readings(VIB, (0, float("nan")), (1, 5))])
    assert change.evidence is not None
    assert change.evidence["points"][0]["readings"][0] == [0, None, 0]


def test_each_asset_has_its_own_event() -> None:
    changes = engine().feed([readings(VIB, (0, 5)), readings("P-2.vibration", (0, 5))])
    assert sorted(change.asset for change in changes) == ["P-1", "P-2"]


def test_a_parameter_is_overridden_for_one_asset() -> None:
    text = 'asset_class: pump\ninputs: {v: {point: vibration, unit: mm/s}}\nparams: {p: 7}\nrules: [{id: a, raise: "v > p"}]'
    one = engine(text=text, parameters={("P-1", "p"): 9.0})
    changes = one.feed([readings(VIB, (0, 8)), readings("P-2.vibration", (0, 8))])
    assert [change.asset for change in changes] == ["P-2"]


def test_a_point_in_another_unit_meets_the_same_threshold() -> None:
    one = engine(points={"P-1.temp": "degF"})
    assert one.feed([readings("P-1.temp", (0, 185))]) == []
    (change,) = one.feed([readings("P-1.temp", (1, 186))])
    assert change.value == pytest.approx(85.5556, abs=1e-4)


def test_a_unit_without_a_way_to_the_rules_binds_nothing() -> None:
    assert conversion("bar", "degC") is None
    assert conversion("nonsense", "degC") is None
    points = {"P-1.temp": "bar"}
    assert engine(points=points).feed([readings("P-1.temp", (0, 999))]) == []


def test_an_alarm_without_a_rule_is_an_event_without_work() -> None:
    changes = engine().feed([(alarm(1, severity=800), alarm(2, active=False))])
    assert told(changes) == [
        (ChangeKind.RAISED, 1, Severity.HIGH),
        (ChangeKind.CLEARED, 2, Severity.HIGH),
    ]
    raised = changes[0]
    assert (raised.rule, raised.work_order, raised.message) == ("alarm/X", None, "X: too hot")
    assert raised.evidence is not None
    assert raised.evidence["alarm"] == {"code": "X", "severity": 800, "message": "too hot"}


def test_an_alarm_that_gets_worse_escalates() -> None:
    changes = engine().feed([(alarm(1, severity=100), alarm(2, severity=950))])
    assert told(changes)[1] == (ChangeKind.ESCALATED, 2, Severity.CRITICAL)


def test_an_alarm_with_a_rule_has_its_severity_and_work() -> None:
    (change,) = engine().feed([(alarm(1, severity=1, code="MOTOR_TRIP"),)])
    assert (change.rule, change.severity) == ("pump/trip", Severity.CRITICAL)
    assert change.work_order is not None


def test_an_alarm_of_an_asset_that_is_not_known_is_no_event() -> None:
    stranger = SensorAlarm("P-9", "X", S, True, 500, "")
    assert engine().feed([(stranger,)]) == []


def test_a_first_alarm_spoils_no_timer() -> None:
    one = engine()
    one.feed([readings(VIB, (0, 8))])
    one.feed([(alarm(1),)])
    assert told(one.feed([readings(VIB, (3, 8))])) == [(ChangeKind.ESCALATED, 2, Severity.HIGH)]


def test_readings_of_unread_points_move_the_clock() -> None:
    one = engine()
    one.feed([readings(VIB, (0, 8))])
    changes = one.feed([readings("P-7.flow", (7, 1))])
    assert told(changes) == [(ChangeKind.ESCALATED, 2, Severity.HIGH)]


def test_a_restart_inside_an_on_delay_loses_no_time() -> None:
    first, second = engine(), engine()
    first.feed([readings(VIB, (0, 8))])
    assert second.restore(first.snapshot()) == []
    assert told(second.feed([Tick(7 * S)])) == [(ChangeKind.ESCALATED, 2, Severity.HIGH)]


def test_after_a_restart_nothing_is_raised_again() -> None:
    first, second = engine(), engine()
    first.feed([readings(VIB, (0, 5))])
    second.restore(first.snapshot())
    assert second.feed([readings(VIB, (0, 5), (1, 5))]) == []
    assert second.open_keys == first.open_keys


def test_after_a_restart_the_evidence_is_whole() -> None:
    text = RULES.replace('    medium: {raise: "> 4", clear: "< 3"}\n', "")
    first, second = engine(text=text), engine(text=text)
    first.feed([readings(VIB, *((n, 1) for n in range(50)), (50, 8))])
    second.restore(first.snapshot())
    (change,) = second.feed([readings(VIB, (53, 8))])
    assert change.evidence is not None
    assert len(change.evidence["points"][0]["readings"]) == 51


def test_an_alarm_without_a_rule_survives_a_restart() -> None:
    first, second = engine(), engine()
    first.feed([(alarm(1),)])
    second.restore(first.snapshot())
    assert told(second.feed([(alarm(2, active=False),)]))[0][0] is ChangeKind.CLEARED


def test_new_points_keep_the_state_of_the_others() -> None:
    one = engine()
    one.feed([readings(VIB, (0, 8))])
    points = {VIB: "mm/s", "P-1.temp": "degC", "P-2.vibration": "mm/s", "P-2.temp": "degC"}
    assert one.reload(plant(points=points)) == []
    assert told(one.feed([Tick(7 * S)])) == [(ChangeKind.ESCALATED, 2, Severity.HIGH)]


def test_an_edited_rule_keeps_its_open_event() -> None:
    one = engine()
    (raised,) = one.feed([readings(VIB, (0, 5))])
    assert one.reload(plant(RULES.replace("for: 2s", "for: 9h"))) == []
    (cleared,) = one.feed([readings(VIB, (1, 5), (2, 1))])
    assert (cleared.kind, cleared.key) == (ChangeKind.CLEARED, raised.key)


def test_a_retired_rule_clears_its_event() -> None:
    one = engine()
    (raised,) = one.feed([readings(VIB, (0, 5))])
    other = 'asset_class: pump\ninputs: {t: {point: temp, unit: degC}}\nrules: [{id: a, raise: "t > 1"}]'
    (cleared,) = one.reload(plant(other))
    assert (cleared.kind, cleared.key) == (ChangeKind.CLEARED, raised.key)


@pytest.mark.parametrize("data", [b"", b"x" * 40, (10**6).to_bytes(8, "big") + b"nonsense"])
def test_a_damaged_snapshot_is_refused(data: bytes) -> None:
    with pytest.raises(SnapshotUnreadable):
        engine().restore(data)


def test_an_empty_batch_is_nothing() -> None:
    assert engine().feed([ReadingBatch.from_rows([]), ()]) == []


WINDOWED = """
asset_class: pump
inputs:
  vib: {point: vibration, unit: mm/s}
  temp: {point: temp, unit: degC}
params: {top: 4}
rules:
- {id: mean, raise: "avg(vib, 640s) > 4 and temp > 50", clear: "avg(vib, 640s) < 2"}
- {id: often, raise: "rises(vib > top, 640s) >= 3"}
"""


def test_a_window_is_kept_where_only_the_threshold_is_edited() -> None:
    one = engine(text=WINDOWED)
    one.feed([readings("P-1.temp", (0, 60)), readings(VIB, *((n, 3) for n in range(300)))])
    assert one.reload(plant(WINDOWED.replace("> 4 and", "> 2.9 and"))) == []
    (change,) = one.feed([readings(VIB, (301, 2.9))])
    assert (change.rule, change.at_us) == ("pump/mean", 301 * S)


def test_a_window_over_another_parameter_begins_anew() -> None:
    one = engine(text=WINDOWED)
    one.feed([readings(VIB, (0, 1), (1, 5), (2, 1), (3, 5), (4, 1))])
    assert one.reload(plant(WINDOWED, parameters={("P-1", "top"): 4.5})) == []
    assert one.feed([readings(VIB, (5, 5))]) == []


def test_a_raise_of_several_inputs_carries_the_readings_of_each() -> None:
    one = engine(text=WINDOWED)
    found = one.feed([readings("P-1.temp", (0, 60)), readings(VIB, (1, 3), (2, 9))])
    assert found[0].evidence is not None
    assert [point["tag"] for point in found[0].evidence["points"]] == ["P-1.temp", VIB]
    assert [len(point["readings"]) for point in found[0].evidence["points"]] == [1, 2]
    assert found[0].evidence["values"][0]["value"] == 6.0
