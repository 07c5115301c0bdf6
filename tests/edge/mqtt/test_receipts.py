"""A repeated message has the time of its first receipt, whatever killed the edge meanwhile."""

import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.mqtt.inbox import Delivery
from edge.mqtt.payload import Message
from edge.mqtt.receipt_times import ReceiptTimes
from edge.mqtt.receipts import Receipts
from edge.mqtt.source import MqttSource

NOW = 1_700_000_000_000_000


def source(**more: object) -> MqttSource:
    topics = [{"filter": "a/b", "payload": "plain", "tag": "A.b"}]
    fields = {"type": "mqtt", "name": "m", "connect": "mqtt://127.0.0.1", "topics": topics}
    return MqttSource.model_validate({**fields, **more})


def delivery(
    mid: int, payload: bytes = b"7", *, topic: str = "t", repeated: bool = False
) -> Delivery:
    return Delivery(Message(topic, payload, NOW), mid, 1, repeated)


def again(mid: int, payload: bytes = b"7", *, topic: str = "t") -> Delivery:
    return delivery(mid, payload, topic=topic, repeated=True)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "receipts" / "m.slots"


def killed(file: Path, *mids: int, **more: object) -> Receipts:
    """What the next process knows after one that kept these and was killed."""
    receipts = Receipts(file, source(**more))
    receipts.keep([delivery(mid) for mid in mids], [NOW + mid for mid in mids])
    return Receipts(file, source(**more))


def test_a_repetition_has_the_time_of_its_first_receipt_in_the_next_process(file: Path) -> None:
    assert killed(file, 1, 2).received_us(again(2)) == NOW + 2


@pytest.mark.parametrize(
    "other",
    [
        delivery(1),
        again(2),
        again(1, b"8"),
        again(1, topic="u"),
        Delivery(Message("t", b"7", NOW), 1, 0, repeated=True),
    ],
)
def test_another_message_has_a_time_of_its_own(file: Path, other: Delivery) -> None:
    assert killed(file, 1).received_us(other) is None


def test_only_what_may_still_be_under_way_can_be_repeated(file: Path) -> None:
    receipts = killed(file, *range(1, 6), version="5", receive_maximum=3)
    known = [receipts.received_us(again(mid)) is not None for mid in range(1, 6)]
    assert known == [False, False, True, True, True]


def test_a_broker_that_uses_its_identities_again_at_once_tells_nothing_by_them(file: Path) -> None:
    receipts = Receipts(file, source())
    for us in (NOW, NOW + 1):
        receipts.keep([delivery(1)], [us])
    assert receipts.received_us(again(1)) is None
    assert Receipts(file, source()).received_us(again(1)) is None


def test_a_broker_that_was_started_anew_may_count_from_the_start(file: Path) -> None:
    receipts = killed(file, 1, 2)
    receipts.connected(session_kept=True)
    receipts.keep([delivery(1, b"8")], [NOW + 9])
    assert receipts.received_us(again(1, b"8")) == NOW + 9
    assert receipts.received_us(again(2)) == NOW + 2


def test_a_broker_that_lost_our_session_repeats_nothing(file: Path) -> None:
    receipts = killed(file, 1)
    receipts.connected(session_kept=False)
    assert receipts.received_us(again(1)) is None
    assert Receipts(file, source()).received_us(again(1)) is None


@pytest.mark.parametrize("other", [{"client_id": "other"}, {"connect": "mqtt://127.0.0.2"}])
def test_the_file_of_another_session_says_nothing(file: Path, other: dict[str, object]) -> None:
    killed(file, 1)
    assert Receipts(file, source(**other)).received_us(again(1)) is None


def test_a_file_that_was_cut_off_is_as_one_that_says_nothing(file: Path) -> None:
    killed(file, 1)
    os.truncate(file, 5)
    receipts = Receipts(file, source())
    assert receipts.received_us(again(1)) is None
    receipts.keep([delivery(1)], [NOW])
    assert Receipts(file, source()).received_us(again(1)) == NOW


def test_where_no_file_can_be_had_it_remembers_as_long_as_it_lives(tmp_path: Path) -> None:
    (tmp_path / "receipts").write_text("a file in the folder's place")
    receipts = killed(tmp_path / "receipts" / "m.slots", 1)
    receipts.keep([delivery(1)], [NOW])
    assert receipts.received_us(again(1)) == NOW


async def test_what_is_kept_reaches_the_disk(file: Path) -> None:
    receipts = Receipts(file, source())
    receipts.keep([delivery(65_535)], [NOW])
    async with receipts.reaching_disk():
        pass
    assert Receipts(file, source()).received_us(again(65_535)) == NOW


def test_the_file_never_grows(file: Path) -> None:
    sizes = set()
    for mid in (1, 65_535):
        Receipts(file, source()).keep([delivery(mid)], [NOW])
        sizes.add(file.stat().st_size)
    assert len(sizes) == 1


def test_messages_of_one_moment_have_times_of_their_own() -> None:
    times = ReceiptTimes()
    given = [times.next(tag, times.begin(NOW, again=False)) for tag in ("a", "b", "a")]
    assert given == [NOW, NOW + 1, NOW + 2]


def test_a_message_that_comes_again_has_the_same_times_whatever_came_since() -> None:
    times = ReceiptTimes()
    first = times.begin(NOW, again=False)
    rows = [times.next(tag, first) for tag in ("a", "a", "b")]
    later = [times.next("a", times.begin(NOW, again=False)) for _ in range(3)]
    repeated = times.begin(first, again=True)
    assert [times.next(tag, repeated) for tag in ("a", "a", "b")] == rows
    assert min(later) > max(rows)


def test_a_process_gives_no_time_that_an_earlier_one_gave() -> None:
    assert ReceiptTimes(NOW).begin(NOW - 3_600_000_000, again=False) == NOW + 1


Steps = st.lists(
    st.sampled_from(["publish", "deliver", "keep", "log", "acknowledge", "lose", "kill"]),
    max_size=60,
)


class Scene:
    """A broker that follows MQTT, and an edge that can be killed between any two of its steps.

    Every payload is the same; `lose` is an acknowledgement that never reaches the broker.
    """

    def __init__(self, file: Path) -> None:
        self.file = file
        self.clock = NOW
        self.sent = 0
        self.pending: list[int] = []
        self.stored: set[int] = set()
        self.restart()

    def restart(self) -> None:
        self.receipts = Receipts(self.file, source())
        self.times = ReceiptTimes(self.receipts.newest_us)
        self.receipts.connected(session_kept=True)
        self.ahead = [(mid, mid in self.tried) for mid in self.pending] if self.sent else []
        self.tried: set[int] = set(self.pending) if self.sent else set()
        self.held: list[tuple[Delivery, int]] = []
        self.kept = self.logged = 0

    def step(self, name: str) -> None:
        self.clock += 3
        getattr(self, f"_{name}")()

    def finish(self) -> None:
        self._kill()
        while self.ahead or self.held:
            for name in ("deliver", "keep", "log", "acknowledge"):
                self.step(name)

    def _publish(self) -> None:
        self.sent += 1
        self.pending.append(self.sent)
        self.ahead.append((self.sent, False))

    def _deliver(self) -> None:
        if self.ahead:
            mid, repeated = self.ahead.pop(0)
            self.tried.add(mid)
            came = Delivery(Message("t", b"7", self.clock), mid, 1, repeated)
            known = self.receipts.received_us(came)
            us = self.times.begin(known or self.clock, again=known is not None)
            self.held.append((came, self.times.next("A.b", us)))

    def _keep(self) -> None:
        new = self.held[self.kept :]
        self.receipts.keep([came for came, _ in new], [us for _, us in new])
        self.kept = len(self.held)

    def _log(self) -> None:
        self.stored |= {us for _, us in self.held[self.logged : self.kept]}
        self.logged = self.kept

    def _acknowledge(self) -> None:
        if self.logged:
            came, _ = self.held.pop(0)
            self.kept, self.logged = self.kept - 1, self.logged - 1
            self.pending.remove(came.mid)

    def _lose(self) -> None:
        if self.logged:
            self._kill()

    def _kill(self) -> None:
        self.restart()


@settings(max_examples=60, deadline=None)
@given(Steps)
def test_equal_messages_are_stored_once_each_wherever_the_edge_is_killed(steps: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        scene = Scene(Path(folder) / "m.slots")
        for step in steps:
            scene.step(step)
        scene.finish()
        assert len(scene.stored) == scene.sent
