"""When does a work order hold what caused it?"""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oilcan.demo.inventory import Protocol
from oilcan.demo.proof import Cause, Lack, Proof, find_cause, is_stored_once
from oilcan.demo.record import Change

TAG = "P-101.de_vibration"
T = 1_760_000_000_000_000
CHANGES = [
    Change(T, Protocol.MODBUS, TAG, 4.4),
    Change(T + 100_000, Protocol.MODBUS, TAG, 4.6),
    Change(T + 200_000, Protocol.MODBUS, TAG, 4.7),
]


def evidence(readings: list[list[Any]], **rule: Any) -> dict[str, Any]:
    told = {"id": "centrifugal_pump/vibration_zone", "raise": 4.5, "raise_op": ">", "for_s": 1.0}
    return {
        "rule": told | rule,
        "points": [{"tag": TAG, "unit": "mm/s", "readings": readings}],
        "alarm": None,
        "onset_us": T + 150_000,
        "raised_us": T + 1_150_000,
    }


GOOD = evidence([[T + 50_000, 4.4, 0], [T + 150_000, 4.6, 0], [T + 250_000, 4.7, 0]])


def test_the_first_reading_past_the_limit_is_the_cause() -> None:
    cause = find_cause("P-101", GOOD, CHANGES)
    assert cause == Cause(
        Protocol.MODBUS,
        "centrifugal_pump/vibration_zone",
        TAG,
        changed_us=T + 100_000,
        reading_us=T + 150_000,
        value=4.6,
        delay_us=1_000_000,
    )


def test_noise_that_came_and_went_is_not_the_change() -> None:
    spike = [
        Change(T - 900_000, Protocol.MODBUS, TAG, 4.55),
        Change(T - 800_000, Protocol.MODBUS, TAG, 4.3),
    ]
    cause = find_cause("P-101", GOOD, spike + CHANGES)
    assert isinstance(cause, Cause)
    assert cause.changed_us == T + 100_000


def test_a_low_limit_looks_downward() -> None:
    low = evidence(
        [[T + 50_000, 4.6, 0], [T + 150_000, 4.4, 0]], **{"raise": 4.45, "raise_op": "<"}
    )
    cause = find_cause("P-101", low, CHANGES)
    assert isinstance(cause, Cause)
    assert cause.value == 4.4


@pytest.mark.parametrize(
    ("readings", "why"),
    [
        ([], "nothing was kept"),
        ([[T + 150_000, 4.4, 0]], "the value is within the limit"),
        ([[T + 150_000, 4.6, 0x82]], "the reading is bad"),
        ([[T + 150_000, None, 0]], "there is no number"),
        ([[T + 140_000, 4.6, 0]], "it is older than the onset"),
    ],
)
def test_evidence_without_a_causing_reading_proves_nothing(
    readings: list[list[Any]], why: str
) -> None:
    assert find_cause("P-101", evidence(readings), CHANGES) == Lack(
        f"no good reading of {TAG} > 4.5 since the onset"
    ), why


def test_a_device_clock_in_milliseconds_may_lie_just_before_the_change() -> None:
    changes = [Change(T + 150_999, Protocol.MQTT, TAG, 4.6)]
    assert isinstance(find_cause("P-101", evidence([[T + 150_000, 4.6, 0]]), changes), Cause)


def test_a_register_that_never_crossed_proves_nothing() -> None:
    assert find_cause("P-101", GOOD, CHANGES[:1]) == Lack(
        f"the register of {TAG} was not > 4.5 before"
    )


def test_an_order_without_evidence_proves_nothing() -> None:
    assert find_cause("P-101", None, CHANGES) == Lack("no evidence")


def test_an_alarm_is_its_own_cause() -> None:
    alarm = GOOD | {
        "rule": {"id": "screw_compressor/controller_alarm", "for_s": 0.0},
        "points": [],
        "alarm": {"code": "HIGH", "severity": 800, "message": "hot"},
        "onset_us": T + 5,
    }
    changes = [
        Change(T, Protocol.OPCUA, "C-201/HIGH", 1.0),
        Change(T + 9, Protocol.OPCUA, "C-201/HIGH", 0.0),
    ]
    cause = find_cause("C-201", alarm, changes)
    assert isinstance(cause, Cause)
    assert (cause.is_alarm, cause.protocol, cause.changed_us) == (True, Protocol.OPCUA, T)


def test_an_alarm_that_never_came_proves_nothing() -> None:
    alarm = GOOD | {"alarm": {"code": "HIGH", "severity": 800, "message": "hot"}}
    assert find_cause("C-201", alarm, CHANGES) == Lack("alarm C-201/HIGH had not come by its onset")


@pytest.mark.parametrize(
    ("ts", "value", "once"),
    [
        ([T], [4.6], True),
        ([T], [4.6000001], True),
        ([T], [4.62], False),
        ([T], [None], False),
        ([], [], False),
        ([T + 1], [4.6], False),
        ([T, T], [4.6, 4.6], False),
    ],
)
def test_the_cause_has_to_be_stored_once_as_it_was(
    ts: list[int], value: list[float | None], once: bool
) -> None:
    cause = Cause(Protocol.MODBUS, "r", TAG, T, T, 4.6, 0)
    assert is_stored_once(cause, {"ts": ts, "value": value}, resolution=0.01) is once


@given(
    changed=st.integers(0, 10**6),
    wait=st.integers(0, 10**6),
    delay=st.integers(0, 10**6),
    own=st.integers(0, 10**6),
)
def test_the_parts_of_the_time_add_up(changed: int, wait: int, delay: int, own: int) -> None:
    cause = Cause(Protocol.MODBUS, "r", TAG, changed, changed + wait, 5.0, delay)
    proof = Proof("P-101", "WO-000001", cause, changed + wait + delay + own)
    assert proof.own_ms == pytest.approx(own / 1000.0, abs=1e-6)
    assert proof.read_ms + proof.delay_ms + proof.own_ms == pytest.approx(proof.total_ms)
