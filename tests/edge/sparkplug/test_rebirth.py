"""Requests for rebirth: soon, spread, rarer and rarer, and no more once they are answered."""

from itertools import pairwise

from edge.sparkplug.payload import decode
from edge.sparkplug.rebirth import Rebirths, rebirth_command
from edge.sparkplug.topic import NodeId

SECOND = 1_000_000
NODE = NodeId("G", "N")


def asked_at(rebirths: Rebirths, until_us: int) -> list[int]:
    """The seconds at which the node is asked, as whole numbers."""
    times = []
    while (due := rebirths.next_us()) is not None and due <= until_us:
        times += [due // SECOND for _ in rebirths.due(due)]
    return times


def test_pauses_double_up_to_five_minutes_and_end_after_eight_requests() -> None:
    rebirths = Rebirths()
    rebirths.want(NODE, 0)
    times = asked_at(rebirths, 10_000 * SECOND)
    pauses = [later - earlier for earlier, later in pairwise(times)]
    assert times[0] == 0
    for pause, expected in zip(pauses, [5, 10, 20, 40, 80, 160, 300], strict=True):
        assert expected - 1 <= pause <= expected + 1


def test_an_answer_ends_the_requests() -> None:
    rebirths = Rebirths()
    rebirths.want(NODE, 0)
    rebirths.due(SECOND)
    rebirths.born(NODE)
    assert rebirths.next_us() is None


def test_a_node_that_was_just_asked_is_not_asked_again_at_once() -> None:
    rebirths = Rebirths()
    rebirths.want(NODE, 0)
    rebirths.due(SECOND)
    rebirths.born(NODE)
    rebirths.want(NODE, SECOND + 1)
    due = rebirths.next_us()
    assert due is not None
    assert due >= 6 * SECOND


def test_wanting_twice_asks_once() -> None:
    rebirths = Rebirths()
    rebirths.want(NODE, 0)
    rebirths.want(NODE, 10)
    assert [node for node, _ in rebirths.due(SECOND)] == [NODE]


def test_a_dead_node_is_not_asked() -> None:
    rebirths = Rebirths()
    rebirths.want(NODE, 0)
    rebirths.dead(NODE)
    assert rebirths.due(SECOND) == []


def test_the_command_says_when_and_what() -> None:
    command = rebirth_command(NODE, 5_000)
    payload = decode(command.payload)
    assert command.topic == "spBv1.0/G/NCMD/N"
    assert (payload.timestamp, payload.seq, payload.metrics[0].value) == (5, None, True)
