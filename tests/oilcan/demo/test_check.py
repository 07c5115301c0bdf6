"""What the check says of each protocol."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from oilcan.demo.check import Check
from oilcan.demo.inventory import MACHINES, Protocol
from oilcan.demo.proof import Cause, Proof
from oilcan.demo.snapshot import EventView, OrderView, Snapshot, SourceView

AT = datetime(2026, 5, 4, 6, 0, tzinfo=UTC)
SOURCE = SourceView("pump-house", "modbus", "P-101", "connected", readings=64.0)
EVENT = EventView(1, AT, "P-101", "centrifugal_pump/vibration_zone", "medium", "active", "shakes")
ORDER = OrderView("WO-000001", AT, "P-101", "Inspect the bearing", 2, "draft")
CAUSE = Cause(Protocol.MODBUS, "r/zone", "P-101.de_vibration", 0, 95_000, 4.6, 1_000_000)
PROOF = Proof("P-101", "WO-000001", CAUSE, 1_395_000)

NOTHING = Snapshot()
CONNECTING = Snapshot((replace(SOURCE, state="connecting", message="refused", readings=0.0),))
READING = Snapshot((SOURCE,))
RAISED = replace(READING, events=(EVENT,))
ORDERED = replace(RAISED, orders=(ORDER,))


@pytest.mark.parametrize(
    ("snapshot", "missing"),
    [
        (NOTHING, "no reading: source pump-house has not been heard of"),
        (CONNECTING, "no reading: source pump-house is connecting, refused"),
        (READING, "no event: 64 readings came, no rule has raised"),
        (RAISED, "no order: an event was raised and led to none"),
        (ORDERED, "evidence lacking: WO-000001: no evidence"),
    ],
)
def test_the_first_missing_link_is_named(snapshot: Snapshot, missing: str) -> None:
    line = Check(latest=snapshot, lacks={"WO-000001": "no evidence"}).report()[0]
    assert line == f"modbus  P-101  missing: {missing}"


def test_a_proof_tells_where_the_time_went() -> None:
    line = Check(proofs={Protocol.MODBUS: PROOF}).report()[0]
    assert line == (
        "modbus  P-101  r/zone  WO-000001  1395 ms from register to order "
        "(95 to be read, 1000 on-delay, 300 log, rule and order)"
    )


def test_it_is_complete_with_a_proof_for_each_protocol() -> None:
    some = Check(proofs={Protocol.MODBUS: PROOF})
    every = Check(proofs={machine.protocol: PROOF for machine in MACHINES})
    assert (some.complete, every.complete) == (False, True)
