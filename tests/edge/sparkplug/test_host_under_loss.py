"""Whatever a network does to the messages, no value is given to another point, and in the end the
last values are right.
"""

from collections import deque
from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from edge.sparkplug.payload import DataType
from edge.sparkplug.topic import MessageType
from tests.edge.sparkplug.edge_node import SECOND, Sent, Signal, SimulatedNode
from tests.edge.sparkplug.listening import Listening

SIGNALS = [("", "a", 1), ("D1", "b", 2), ("D1", "c", 3), ("D2", "b", 4)]
ROOM = 1_000_000
"""The values of each signal are its number times this, and more: a value tells whose it is."""


def tag_of(device: str, name: str) -> str:
    return f"{device or 'Line1'}.{name}"


@dataclass
class Plant:
    """A node, the network from it, and the host that listens."""

    listening: Listening = field(default_factory=Listening)
    node: SimulatedNode = field(init=False)
    under_way: deque[Sent] = field(default_factory=deque)
    count: int = 0
    answered: int = 0

    def __post_init__(self) -> None:
        signals: dict[str, list[Signal]] = {"": [], "D1": [], "D2": []}
        for device, name, number in SIGNALS:
            signals[device].append(Signal(name, DataType.INT32, number * ROOM, number))
        self.node = SimulatedNode(signals)
        self.under_way += self.node.births()

    def change(self, index: int) -> None:
        device, name, number = SIGNALS[index]
        self.count += 1
        self.node.now_ms += 1
        self.under_way.append(self.node.data(device, name, number * ROOM + self.count))

    def start_anew(self, *, killed: bool) -> None:
        if killed:
            self.under_way.append(self.node.will())
        self.node.bd_seq = (self.node.bd_seq + 1) % 256
        self.node.now_ms += 1
        self.under_way += self.node.births()

    def deliver(self, what: str) -> None:
        if not self.under_way:
            return
        if what == "lose":
            self.under_way.popleft()
        elif what == "repeat":
            self.listening.hear(self.under_way[0])
        elif what == "delay":
            self.under_way.rotate(-1)
        else:
            self.listening.hear(self.under_way.popleft())

    def let_go_by(self, seconds: int) -> None:
        """Time for host and node; the node answers requests."""
        for _ in range(seconds):
            self.listening.wait(SECOND)
            self.node.now_ms += 1_000
            asked = self.listening.asked()
            if len(asked) > self.answered:
                self.answered = len(asked)
                self.under_way += self.node.births()

    def settle(self) -> None:
        """Everything arrives, in order, until the host has nothing to ask."""
        for _ in range(3):
            while self.under_way:
                self.listening.hear(self.under_way.popleft())
            for index in range(len(SIGNALS)):
                self.change(index)
            while self.under_way:
                self.listening.hear(self.under_way.popleft())
            for _ in range(320):
                self.let_go_by(1)
                while self.under_way:
                    self.listening.hear(self.under_way.popleft())


steps = st.one_of(
    st.tuples(st.just("change"), st.integers(0, len(SIGNALS) - 1)),
    st.tuples(st.just("deliver"), st.sampled_from(["arrive", "lose", "repeat", "delay"])),
    st.tuples(st.just("wait"), st.integers(1, 40)),
    st.tuples(st.just("restart"), st.booleans()),
    st.tuples(st.just("broker"), st.none()),
)


def do(plant: Plant, step: tuple[str, object]) -> None:
    match step:
        case "change", int(index):
            plant.change(index)
        case "deliver", str(what):
            plant.deliver(what)
        case "wait", int(seconds):
            plant.let_go_by(seconds)
        case "restart", bool(killed):
            plant.start_anew(killed=killed)
        case _:
            plant.listening.host.lost(plant.listening.now, plant.listening.outcome)
            plant.listening.host.connected(plant.listening.now)


@given(st.lists(steps, max_size=60))
def test_no_value_goes_astray_and_the_last_ones_are_right(story: list[tuple[str, object]]) -> None:
    plant = Plant()
    for step in story:
        do(plant, step)
    plant.settle()
    for device, name, number in SIGNALS:
        tag = tag_of(device, name)
        signal = next(each for each in plant.node.signals[device] if each.name == name)
        values = [value for value in plant.listening.values(tag) if value is not None]
        assert all(number * ROOM <= value < (number + 1) * ROOM for value in values)
        assert plant.listening.latest()[tag] == signal.value
    assert plant.listening.host.next_us() is None


kinds = st.sampled_from([*MessageType, "STATE", "x"])
levels = st.sampled_from(["G", "N", "D", "", "+", "a b", "\x00"])
topics = st.builds(
    lambda kind, group, node, device: "/".join(["spBv1.0", group, kind, node, *device]),
    kinds,
    levels,
    levels,
    st.lists(levels, max_size=2),
)
births = [payload for _, payload in Plant().node.births()]
payloads = st.binary(max_size=60) | st.sampled_from(births)


@given(st.lists(st.tuples(topics | st.text(), payloads, st.booleans(), st.integers(0, 10**7))))
def test_nothing_that_is_received_makes_a_host_fail(
    story: list[tuple[str, bytes, bool, int]],
) -> None:
    listening = Listening()
    for topic, payload, retained, pause_us in story:
        listening.hear((topic, payload), retained=retained)
        listening.wait(pause_us)
    for tag, ts, _, quality in listening.outcome.rows:
        assert "." in tag
        assert 0 < ts < 2**62
        assert 0 <= quality <= 255
