"""From messages to readings and alarms, by the topics of a source. Pure but for its memory."""

import math
from dataclasses import dataclass, field, fields

import numpy as np

from config.partition import asset_of
from edge.clock_offset import Clocks
from edge.errors import PayloadError
from edge.filter import Report
from edge.mqtt.document import Document, Item, document_of
from edge.mqtt.entries import (
    AlarmTopic,
    CsvTopic,
    JsonTopic,
    PlainTopic,
    SparkplugTopic,
    StateTopic,
    Topic,
)
from edge.mqtt.path import parse_path
from edge.mqtt.payload import Message, Numbers, parse_alarm, plain_numbers, printable
from edge.mqtt.receipt_times import ReceiptTimes
from edge.mqtt.run import Run
from edge.mqtt.source import MqttSource
from edge.mqtt.topics import TopicPattern, fill, parse_pattern, template_names
from edge.reading import (
    Quality,
    ReadingBatch,
    Reason,
    SensorAlarm,
    acknowledged_at_source,
    quality_code,
)
from edge.rejected import Rejected
from edge.source import check_asset, check_tag
from edge.sparkplug.host import Host
from edge.sparkplug.outcome import Counts, Outcome
from edge.sparkplug.tags import TagRule

_GOOD = quality_code(Quality.GOOD)
_UNREADABLE = quality_code(Quality.BAD, Reason.DECODE)
_NO_VALUE = quality_code(Quality.BAD, Reason.DEVICE)
_OLD = quality_code(Quality.UNCERTAIN, Reason.STALE)
_GONE = quality_code(Quality.BAD, Reason.COMMUNICATION)
_CLOCK_OFF = quality_code(Quality.UNCERTAIN, Reason.CLOCK)
_REMEMBERED_TOPICS = 10_000
_LONGEST_WAIT_US = 1_000_000
_REMEMBERED_TAGS = 100_000

Row = tuple[str, int, float, int]
Names = dict[str, str]


@dataclass(slots=True)
class Findings(Outcome):
    """What came out of messages; problems are (topic or edge node, problem).

    `rejected` holds each message that has a problem, once.
    """

    alarms: list[SensorAlarm] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Plain:
    """One topic of plain numbers: its tag, or why it gives none."""

    tag: str
    numbers: Numbers
    problem: str = ""


@dataclass(frozen=True, slots=True)
class _Documents:
    """A topic of JSON or CSV documents."""

    topic: JsonTopic | CsvTopic
    document: Document


_Topic = PlainTopic | _Documents | AlarmTopic | StateTopic | Host
_Found = _Plain | _Documents | AlarmTopic | StateTopic | Host


class TopicReader:
    """Reads messages by the patterns of a source; several patterns may take one topic."""

    def __init__(self, source: MqttSource, *, newest_us: int = 0) -> None:
        """`newest_us` is the latest time of receipt that an earlier process gave."""
        self._source = source.name
        self.clocks = Clocks()
        self._limits = source.clock_limits
        self._times = ReceiptTimes(newest_us)
        self._patterns: list[tuple[TopicPattern, _Topic]] = [
            (parse_pattern(topic.filter), _parsed(topic, source)) for topic in source.topics
        ]
        self.hosts = [topic for _, topic in self._patterns if isinstance(topic, Host)]
        for host in self.hosts:
            host.clocks = self.clocks
        self._states = any(isinstance(topic, StateTopic) for topic in source.topics)
        self._tags: dict[str, set[str]] = {}
        """The tags of each asset that were read, kept where a device tells its state."""
        self._reports: dict[str, Report] = {}
        self._known: dict[str, list[tuple[Names, _Found]]] = {}
        self._plains: dict[str, _Plain] = {}
        """Topics that one pattern takes, of plain numbers."""
        self._plain_tags: dict[str, str] = {}
        """Their tags, of those whose numbers are written as most are."""

    def read(self, message: Message, found: Findings) -> int:
        """Add to `found` what the message holds; whatever is wrong with it becomes a problem.

        Gives the time of receipt, in µs, on which the times of all that hang which have no other.
        """
        plain = self._plains.get(message.topic)
        if plain is not None and (number := plain.numbers.usual(message.payload)) is not None:
            stamp = self._times.single(message.received_us, again=message.again)
            found.rows.append((plain.tag, stamp, number, _OLD if message.retained else _GOOD))
            return stamp
        moment_us = self._times.begin(message.received_us, again=message.again)
        if moment_us != message.received_us:
            message = message._replace(received_us=moment_us)
        before = len(found.problems)
        self._read(message, found)
        if len(found.problems) > before:
            told = [problem for _, problem in found.problems[before:]]
            found.rejected.append(_rejected(self._source, message, told))
        return moment_us

    def read_run(self, run: Run) -> ReadingBatch | None:
        """The readings of plain numbers, as `read` would find them one by one.

        None, and nothing done, where a topic is not known yet or a payload takes a closer look.
        """
        try:
            tags = [*map(self._plain_tags.__getitem__, run.topics)]
        except KeyError:
            return None
        if (values := plain_numbers(run.payloads)) is None:
            return None
        places = {tag: place for place, tag in enumerate(dict.fromkeys(tags))}
        index = np.fromiter(map(places.__getitem__, tags), np.int32, len(tags))
        stamps = self._times.each(np.array(run.received_us, np.int64))
        return ReadingBatch(
            tuple(places), index, stamps, values, np.full(len(tags), _GOOD, np.uint8)
        )

    def _read(self, message: Message, found: Findings) -> None:
        for names, topic in self._matches(message.topic):
            try:
                if isinstance(topic, _Plain):
                    self._read_plain(message, topic, found)
                elif isinstance(topic, Host):
                    topic.receive(
                        message.topic,
                        message.payload,
                        message.received_us,
                        found,
                        retained=message.retained,
                    )
                elif isinstance(topic, AlarmTopic):
                    self._read_alarm(message, names, topic, found)
                elif isinstance(topic, StateTopic):
                    self._read_state(message, names, topic, found)
                else:
                    self._read_document(message, names, topic, found)
            except PayloadError as error:
                found.problems.append((message.topic, str(error)))

    def due_s(self, now_us: int) -> float | None:
        """How long until `tick` may have something to do; None where it never has."""
        times = [time for host in self.hosts if (time := host.next_us()) is not None]
        # A new connection makes something due while nobody asks for it.
        longest_us = now_us + _LONGEST_WAIT_US
        return max(min([*times, longest_us]) - now_us, 0) / 1e6 if self.hosts else None

    def tick(self, now_us: int, found: Findings) -> None:
        """Add to `found` what is due without a message."""
        for host in self.hosts:
            host.tick(now_us, found)

    def connected(self, now_us: int) -> None:
        """There is a new connection to the broker."""
        for host in self.hosts:
            host.connected(now_us)

    def lost(self, now_us: int, found: Findings) -> None:
        """The connection to the broker is gone; add to `found` what that means for points."""
        for host in self.hosts:
            host.lost(now_us, found)

    def counts(self) -> dict[str, float]:
        """What happened besides readings, over all runs, as metrics."""
        return {
            f"sparkplug_{name}_total": float(sum(getattr(host.counts, name) for host in self.hosts))
            for name in (each.name for each in fields(Counts))
            if self.hosts
        }

    def report_of(self, tag: str) -> Report | None:
        """What is news of a point that was read."""
        return self._reports.get(tag)

    def _tag(self, template: str, topic: PlainTopic | JsonTopic | CsvTopic) -> str:
        """The tag, if it is one, remembered with its topic's report."""
        tag = _checked_tag(template)
        if self._states:
            self._tags.setdefault(asset_of(tag), set()).add(tag)
        if (report := topic.report_of(tag)) is not None:
            if len(self._reports) >= _REMEMBERED_TAGS:
                self._reports.clear()
                self._forget_topics()
            self._reports[tag] = report
        return tag

    def _matches(self, topic: str) -> list[tuple[Names, _Found]]:
        known = self._known.get(topic)
        if known is None:
            if len(self._known) >= _REMEMBERED_TOPICS:
                self._forget_topics()
            known = [
                (names, self._plain(names, what) if isinstance(what, PlainTopic) else what)
                for pattern, what in self._patterns
                if (names := pattern.match(topic)) is not None
            ]
            self._known[topic] = known
            if len(known) == 1 and isinstance(plain := known[0][1], _Plain) and not plain.problem:
                self._plains[topic] = plain
                if plain.numbers.only_usual:
                    self._plain_tags[topic] = plain.tag
        return known

    def _forget_topics(self) -> None:
        self._known.clear()
        self._plains.clear()
        self._plain_tags.clear()

    def _plain(self, names: Names, topic: PlainTopic) -> _Plain:
        numbers = Numbers(topic.decimal, topic.enum)
        try:
            return _Plain(self._tag(fill(topic.tag, names), topic), numbers)
        except PayloadError as error:
            return _Plain("", numbers, str(error))

    def _read_plain(self, message: Message, plain: _Plain, found: Findings) -> None:
        if plain.problem:
            raise PayloadError(plain.problem)
        tag = plain.tag
        quality = _OLD if message.retained else _GOOD
        try:
            value = plain.numbers.of_payload(message.payload)
        except PayloadError as error:
            found.problems.append((message.topic, str(error)))
            value, quality = math.nan, _UNREADABLE
        found.rows.append((tag, self._times.next(tag, message.received_us), value, quality))

    def _read_document(
        self, message: Message, names: Names, kind: _Documents, found: Findings
    ) -> None:
        template = kind.topic.tag
        try:
            items = kind.document.items(message.payload)
        except PayloadError:
            # Without a document the tag is known only where the topic alone gives it.
            if set(template_names(template)) <= set(names):
                tag = self._tag(fill(template, names), kind.topic)
                stamp = self._times.next(tag, message.received_us)
                found.rows.append((tag, stamp, math.nan, _UNREADABLE))
            raise
        for item in items:
            try:
                tag = self._tag(_filled(template, names, item), kind.topic)
                found.rows.append(self._row(message, tag, item, found))
            except PayloadError as error:
                found.problems.append((message.topic, str(error)))

    def _row(self, message: Message, tag: str, item: Item, found: Findings) -> Row:
        try:
            number = item.number()
            value, quality = (math.nan, _NO_VALUE) if number is None else (number, _GOOD)
        except PayloadError as error:
            found.problems.append((message.topic, str(error)))
            value, quality = math.nan, _UNREADABLE
        ts, doubt = self._time(message, tag, item, found)
        return tag, ts, value, doubt if doubt and quality == _GOOD else quality

    def _time(self, message: Message, tag: str, item: Item, found: Findings) -> tuple[int, int]:
        """The reading's time, and the quality that it is limited to (0: none)."""
        doubt = _OLD if message.retained else _GOOD
        try:
            ts = item.time_us()
            if ts is not None:
                if not message.retained:
                    self.clocks.saw(asset_of(tag), ts, message.received_us)
                if self._limits.allow(ts, message.received_us):
                    return ts, _GOOD
                doubt = _CLOCK_OFF
        except PayloadError as error:
            found.problems.append((message.topic, str(error)))
            doubt = _CLOCK_OFF
        return self._times.next(tag, message.received_us), doubt

    def _read_state(
        self, message: Message, names: Names, topic: StateTopic, found: Findings
    ) -> None:
        """A device that is gone makes every point of its asset that was read here bad."""
        asset = _checked_asset(fill(topic.asset, names))
        said = message.payload.decode(errors="replace").strip()
        if said == topic.online:
            found.nodes.append((asset, None))
        elif said == topic.offline:
            found.nodes.append((asset, "it says that it is offline"))
            for tag in sorted(self._tags.get(asset, ())):
                stamp = self._times.next(tag, message.received_us)
                found.rows.append((tag, stamp, math.nan, _GONE))
        else:
            raise PayloadError(f"{said[:80]!r} is neither {topic.online} nor {topic.offline}")

    def _read_alarm(
        self, message: Message, names: Names, topic: AlarmTopic, found: Findings
    ) -> None:
        asset, code = _checked_asset(fill(topic.asset, names)), printable(fill(topic.code, names))
        if not code:
            raise PayloadError("the alarm has no code")
        path = parse_path(topic.acknowledged) if topic.acknowledged else None
        alarm = parse_alarm(message.payload, path)
        seen = acknowledged_at_source(self._source) if alarm.acknowledged else ""
        ts = self._times.next(f"{asset} {code}", message.received_us)
        found.alarms.append(
            SensorAlarm(asset, code, ts, alarm.active, alarm.severity, alarm.message, seen)
        )


def _rejected(source: str, message: Message, told: list[str]) -> Rejected:
    more = f" (and {len(told) - 1} more)" if len(told) > 1 else ""
    return Rejected(source, message.topic, told[0] + more, message.payload, message.received_us)


def _parsed(topic: Topic, source: MqttSource) -> _Topic:
    if isinstance(topic, SparkplugTopic):
        return Host(
            TagRule(topic.tag, topic.tags),
            clock_limits=source.clock_limits,
            reorder_us=topic.reorder_timeout_us,
        )
    if isinstance(topic, JsonTopic | CsvTopic):
        return _Documents(topic, document_of(topic))
    return topic


def _filled(template: str, names: Names, item: Item) -> str:
    """The template filled from the topic's names and the item's own."""
    values = dict(names)
    for name in template_names(template):
        if name not in values:
            values[name] = item.name(name)
    return fill(template, values)


def _checked_asset(asset: str) -> str:
    try:
        return check_asset(asset)
    except ValueError as error:
        raise PayloadError(str(error).partition(" | ")[0]) from error


def _checked_tag(tag: str) -> str:
    try:
        return check_tag(tag)
    except ValueError as error:
        raise PayloadError(str(error).partition(" | ")[0]) from error
