"""What a device lacks is asked for again: after a minute, over a new connection, each in its turn."""

from edge.modbus.absent import AbsentParts, Moment
from edge.modbus.plan import Block, Value, block_of
from edge.modbus.registers import Table


def block(at: int) -> Block:
    return block_of([Value(f"A.{at}", Table.HOLDING, at)])


ONE, TWO = block(1), block(2)


def absent(*refused: tuple[Block, float], connection: int = 1) -> AbsentParts:
    parts = AbsentParts()
    for part, at in refused:
        parts.refused(part, Moment(at, connection))
    return parts


def test_it_is_left_alone_for_a_minute() -> None:
    parts = absent((ONE, 100.0))
    assert parts.next([ONE], Moment(159.9, 1)) is None
    assert parts.next([ONE], Moment(160.0, 1)) == (100.0, ONE)


def test_over_another_connection_it_is_asked_for_at_once() -> None:
    assert absent((ONE, 100.0)).next([ONE], Moment(100.1, 2)) == (100.0, ONE)


def test_each_has_its_turn() -> None:
    parts, asked = absent((ONE, 0.0), (TWO, 0.5)), []
    for now in (60.0, 61.0, 62.0, 120.0, 121.0):
        found = parts.next([ONE, TWO], Moment(now, 1))
        if found is not None:
            asked.append((now, found[1]))
            parts.refused(found[1], Moment(now, 1))
    assert asked == [(60.0, ONE), (61.0, TWO), (120.0, ONE), (121.0, TWO)]


def test_what_is_not_to_be_read_now_waits() -> None:
    parts = absent((ONE, 0.0), (TWO, 1.0))
    assert parts.next([TWO], Moment(100.0, 1)) == (1.0, TWO)


def test_what_is_forgotten_is_not_waited_for() -> None:
    parts = absent((ONE, 0.0))
    parts.forget()
    assert parts.next([ONE], Moment(100.0, 2)) is None
