"""The state of a host: birth and will belong together, and who denies us is contradicted."""

import json

import pytest

from edge.sparkplug.state import HostState

STATE = HostState("oilcan", 1_700_000_000_123_456)


def test_birth_and_will_of_a_connection_have_one_time() -> None:
    assert json.loads(STATE.online()) == {"online": True, "timestamp": 1_700_000_000_123}
    assert json.loads(STATE.will()) == {"online": False, "timestamp": 1_700_000_000_123}
    assert STATE.topic == "spBv1.0/STATE/oilcan"


def test_a_farewell_has_its_own_time() -> None:
    said = json.loads(STATE.farewell(1_700_000_001_000_000))
    assert said == {"online": False, "timestamp": 1_700_000_001_000}


@pytest.mark.parametrize(
    ("topic", "payload", "denied"),
    [
        (STATE.topic, STATE.online(), False),
        (STATE.topic, STATE.will(), True),
        (STATE.topic, b"OFFLINE", True),
        (STATE.topic, b"", True),
        (STATE.topic, b"[]", True),
        (STATE.topic, b"[" * 100_000, True),
        ("spBv1.0/STATE/other", STATE.will(), False),
    ],
)
def test_who_says_that_we_are_away_denies_us(topic: str, payload: bytes, denied: bool) -> None:
    assert STATE.is_denied_by(topic, payload) is denied
