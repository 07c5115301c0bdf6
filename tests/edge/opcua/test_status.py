"""Every OPC UA status code has a quality and a reason."""

import pytest
from asyncua.ua.status_codes import StatusCodes
from hypothesis import given
from hypothesis import strategies as st

from edge.opcua.status import is_gone, overflowed, quality_of
from edge.reading import Quality, Reason, quality_code, split_quality

GOOD, UNCERTAIN, BAD = Quality.GOOD, Quality.UNCERTAIN, Quality.BAD
OVERFLOW = 0x480
CODES = {name: code for name, code in vars(StatusCodes).items() if isinstance(code, int)}

# What servers send of values (OPC UA Part 4, 7.39.2 and Part 8, 6.3), and what is told of it.
TABLE = [
    ("Good", GOOD, Reason.NONE),
    ("GoodLocalOverride", GOOD, Reason.NONE),
    ("GoodClamped", GOOD, Reason.RANGE),
    ("GoodOverload", GOOD, Reason.NONE),
    ("Uncertain", UNCERTAIN, Reason.NONE),
    ("UncertainConfigurationError", UNCERTAIN, Reason.CONFIGURATION),
    ("UncertainDataSubNormal", UNCERTAIN, Reason.DEVICE),
    ("UncertainEngineeringUnitsExceeded", UNCERTAIN, Reason.RANGE),
    ("UncertainInitialValue", UNCERTAIN, Reason.STALE),
    ("UncertainLastUsableValue", UNCERTAIN, Reason.STALE),
    ("UncertainNoCommunicationLastUsableValue", UNCERTAIN, Reason.COMMUNICATION),
    ("UncertainOverRange", UNCERTAIN, Reason.RANGE),
    ("UncertainSensorCalibration", UNCERTAIN, Reason.DEVICE),
    ("UncertainSensorNotAccurate", UNCERTAIN, Reason.DEVICE),
    ("UncertainSimulatedValue", UNCERTAIN, Reason.NONE),
    ("UncertainSubNormal", UNCERTAIN, Reason.DEVICE),
    ("UncertainSubstituteValue", UNCERTAIN, Reason.NONE),
    ("UncertainTransducerInManual", UNCERTAIN, Reason.NONE),
    ("UncertainUnderRange", UNCERTAIN, Reason.RANGE),
    ("Bad", BAD, Reason.DEVICE),
    ("BadAttributeIdInvalid", BAD, Reason.CONFIGURATION),
    ("BadCommunicationError", BAD, Reason.COMMUNICATION),
    ("BadConfigurationError", BAD, Reason.CONFIGURATION),
    ("BadConnectionClosed", BAD, Reason.COMMUNICATION),
    ("BadDataEncodingInvalid", BAD, Reason.DECODE),
    ("BadDataLost", BAD, Reason.GAP),
    ("BadDataUnavailable", BAD, Reason.DEVICE),
    ("BadDecodingError", BAD, Reason.DECODE),
    ("BadDeviceFailure", BAD, Reason.DEVICE),
    ("BadIndexRangeNoData", BAD, Reason.CONFIGURATION),
    ("BadInternalError", BAD, Reason.DEVICE),
    ("BadNoCommunication", BAD, Reason.COMMUNICATION),
    ("BadNoData", BAD, Reason.STALE),
    ("BadNoValue", BAD, Reason.STALE),
    ("BadNodeIdInvalid", BAD, Reason.CONFIGURATION),
    ("BadNodeIdUnknown", BAD, Reason.CONFIGURATION),
    ("BadNotConnected", BAD, Reason.COMMUNICATION),
    ("BadNotReadable", BAD, Reason.CONFIGURATION),
    ("BadNotSupported", BAD, Reason.CONFIGURATION),
    ("BadNumericOverflow", BAD, Reason.RANGE),
    ("BadOutOfMemory", BAD, Reason.DEVICE),
    ("BadOutOfRange", BAD, Reason.RANGE),
    ("BadOutOfService", BAD, Reason.DEVICE),
    ("BadResourceUnavailable", BAD, Reason.DEVICE),
    ("BadSensorFailure", BAD, Reason.DEVICE),
    ("BadServerHalted", BAD, Reason.DEVICE),
    ("BadShutdown", BAD, Reason.COMMUNICATION),
    ("BadTimeout", BAD, Reason.COMMUNICATION),
    ("BadTypeMismatch", BAD, Reason.DECODE),
    ("BadUserAccessDenied", BAD, Reason.CONFIGURATION),
    ("BadWaitingForInitialData", BAD, Reason.STALE),
]


@pytest.mark.parametrize(("name", "quality", "reason"), TABLE)
def test_a_status_is_this_quality_for_this_reason(
    name: str, quality: Quality, reason: Reason
) -> None:
    assert split_quality(quality_of(CODES[name])) == (quality, reason)


@pytest.mark.parametrize("name", sorted(CODES))
def test_the_name_of_every_code_says_its_quality(name: str) -> None:
    quality, reason = split_quality(quality_of(CODES[name]))
    assert name.startswith(quality.name.capitalize())
    assert isinstance(reason, Reason)
    assert (quality, reason) != (BAD, Reason.NONE)


@given(st.integers(0, 2**32 - 1))
def test_the_upper_two_bits_of_any_status_are_its_severity(status: int) -> None:
    assert quality_of(status) & 0xC0 == [GOOD, UNCERTAIN, BAD, BAD][status >> 30]


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("Good", quality_code(GOOD, Reason.GAP)),
        ("UncertainSimulatedValue", quality_code(UNCERTAIN, Reason.GAP)),
        ("UncertainLastUsableValue", quality_code(UNCERTAIN, Reason.STALE)),
        ("BadOutOfService", quality_code(BAD, Reason.GAP)),
        ("BadSensorFailure", quality_code(BAD, Reason.GAP)),
        ("BadNoCommunication", quality_code(BAD, Reason.COMMUNICATION)),
    ],
)
def test_a_queue_that_ran_over_is_a_gap_before_the_value(name: str, told: int) -> None:
    assert quality_of(CODES[name] | OVERFLOW) == told
    assert overflowed(CODES[name] | OVERFLOW)


@pytest.mark.parametrize(
    "bits",
    [
        0x400,  # a value, without overflow
        0x080,  # the bit alone, which means nothing without the kind
        0xC80,  # a kind that is reserved
        0x401,  # a value, limited below
    ],
)
def test_other_bits_beside_the_code_are_no_overflow(bits: int) -> None:
    assert not overflowed(StatusCodes.Good | bits)
    assert quality_of(StatusCodes.Good | bits) == GOOD


def test_what_a_status_says_beside_its_code_does_not_hide_it() -> None:
    overflow = StatusCodes.BadNodeIdUnknown | OVERFLOW
    assert is_gone(overflow)
    assert quality_of(overflow) == quality_code(BAD, Reason.CONFIGURATION)
