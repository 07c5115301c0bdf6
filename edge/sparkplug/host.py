"""A host application: follows births, data and deaths of edge nodes, and asks for what it missed.

Pure: every time is given. Nothing that is received makes it raise. A value that comes under an
alias is taken only while no message is missing: a birth among the missing ones may have given the
alias to another metric. Values that come with their name are taken at any time.
"""

from edge.clock_offset import Clocks
from edge.errors import PayloadError
from edge.sparkplug.intake import Intake
from edge.sparkplug.node import Arrival, EdgeNode, Metrics, Session
from edge.sparkplug.outcome import Counts, Outcome
from edge.sparkplug.payload import decode_message
from edge.sparkplug.reading import Clock
from edge.sparkplug.rebirth import Rebirths, rebirth_command
from edge.sparkplug.tags import TagRule
from edge.sparkplug.topic import MessageType, NodeId, parse_topic
from edge.stamps import ClockLimits

_COMMANDS = frozenset({MessageType.NCMD, MessageType.DCMD})
_DATA = frozenset({MessageType.NDATA, MessageType.DDATA})
_MOST_NODES = 10_000
_ASKED_IN_VAIN = 3


class Host:
    """All edge nodes of one topic entry."""

    def __init__(self, tags: TagRule, *, clock_limits: ClockLimits, reorder_us: int) -> None:
        self.counts = Counts()
        self.clocks = Clocks()
        """How far the nodes' clocks are off, by node; a message says when it was sent."""
        self._clock = Clock(clock_limits)
        self._intake = Intake(tags, clock=self._clock, counts=self.counts)
        self._reorder_us = reorder_us
        self._nodes: dict[NodeId, EdgeNode] = {}
        self._rebirths = Rebirths()

    def connected(self, now_us: int) -> None:
        """A new connection to the broker: what we knew of the nodes may have changed meanwhile."""
        for node in self._nodes.values():
            self._doubt(node, now_us)

    def lost(self, now_us: int, outcome: Outcome) -> None:
        """The connection to the broker is gone, and every point with it (3.0, section 5.2)."""
        for node in self._nodes.values():
            self._intake.lose(node.points_of(None), now_us, outcome)

    def receive(
        self, topic: str, payload: bytes, received_us: int, outcome: Outcome, *, retained: bool
    ) -> None:
        """Take a message in; whatever is wrong with it is counted and told."""
        parsed = parse_topic(topic)
        if parsed is None or parsed.kind in _COMMANDS:
            return
        node = self._node(parsed.node)
        if node is None:
            self._reject(parsed.node, "there are too many edge nodes", outcome)
        elif retained:
            # Only states are to be retained. What this says may be long past, but there is a node.
            self.counts.retained += 1
            self._rebirths.want(node.key, received_us)
        else:
            node.seen_us = received_us
            try:
                arrival = Arrival(parsed, decode_message(payload), received_us)
            except PayloadError as error:
                self._reject(node.key, str(error), outcome)
            else:
                self._take(node, arrival, outcome)

    def tick(self, now_us: int, outcome: Outcome) -> None:
        """Do what is due: give up waiting for missing messages, and publish requests."""
        for node in self._nodes.values():
            due_us = self._gap_ends_us(node)
            if due_us is not None and due_us <= now_us:
                self._doubt(node, now_us)
        for key, in_vain in self._rebirths.due(now_us):
            self.counts.rebirth_requests += 1
            outcome.commands.append(rebirth_command(key, now_us))
            if in_vain == _ASKED_IN_VAIN:
                self._give_up(self._nodes[key], now_us, outcome)

    def next_us(self) -> int | None:
        """When `tick` has something to do; None while it has nothing."""
        times = [self._gap_ends_us(node) for node in self._nodes.values()]
        times.append(self._rebirths.next_us())
        return min((time for time in times if time is not None), default=None)

    def _gap_ends_us(self, node: EdgeNode) -> int | None:
        """When to stop waiting for the node's missing messages."""
        session = node.session
        if session is None or session.broken or session.gap_us is None:
            return None
        return session.gap_us + self._reorder_us

    def _node(self, key: NodeId) -> EdgeNode | None:
        node = self._nodes.get(key)
        if node is None and len(self._nodes) < _MOST_NODES:
            node = self._nodes[key] = EdgeNode(key)
        return node

    def _reject(self, node: NodeId, problem: str, outcome: Outcome) -> None:
        self.counts.rejected += 1
        outcome.problems.append((str(node), problem))

    def _doubt(self, node: EdgeNode, now_us: int) -> None:
        """From now on only a birth tells what the node's aliases mean."""
        if node.session is not None:
            node.session.broken = True
        self._rebirths.want(node.key, now_us)

    def _give_up(self, node: EdgeNode, now_us: int, outcome: Outcome) -> None:
        """Nothing that waits for a birth will be of use; a silent node is out of reach."""
        outcome.nodes.append((str(node.key), "no answer to requests for rebirth"))
        if node.session is not None:
            self._intake.leave_out(node.session.held)
            node.session.held.clear()
        first_us = self._rebirths.first_asked_us(node.key)
        if first_us is not None and node.seen_us < first_us:
            self._intake.lose(node.points_of(None), now_us, outcome)

    def _take(self, node: EdgeNode, arrival: Arrival, outcome: Outcome) -> None:
        kind = arrival.topic.kind
        if kind is MessageType.NBIRTH:
            self._take_birth(node, arrival, outcome)
        elif kind is MessageType.NDEATH:
            self._take_death(node, arrival, outcome)
        elif node.session is not None:
            self._take_in_session(node, node.session, arrival, outcome)
        else:
            self._rebirths.want(node.key, arrival.received_us)
            self._take_known(node, Metrics(), arrival, outcome)

    def _take_birth(self, node: EdgeNode, arrival: Arrival, outcome: Outcome) -> None:
        birth, before = arrival.payload, node.session
        if before is not None and before.is_born_by(birth):
            self.counts.repeated += 1
            return
        self.counts.births += 1
        self._rebirths.born(node.key)
        outcome.nodes.append((str(node.key), None))
        node.session = session = Session.of_birth(birth)
        later = self._end(node, before, arrival, outcome) if before is not None else []
        self._intake.take(node, arrival, session.metrics[""], outcome)
        for each in later:
            self._take_in_session(node, session, each, outcome)

    def _end(
        self, node: EdgeNode, before: Session, arrival: Arrival, outcome: Outcome
    ) -> list[Arrival]:
        """End a session at the next birth; returns what was held and came after that birth."""
        early, later = before.part(arrival.payload)
        if before.continues(arrival.payload):
            for each in early:
                self._apply(node, before, each, outcome)
        else:
            self._intake.leave_out(early)
        if before.is_other_than(arrival.payload.bd_seq()):
            # The death was missed: the devices may not come back.
            self._intake.lose(node.points_of(None), arrival.received_us, outcome)
        return later

    def _take_death(self, node: EdgeNode, arrival: Arrival, outcome: Outcome) -> None:
        session = node.session
        if session is not None and session.is_other_than(arrival.payload.bd_seq()):
            # A will may come after the next birth. Should this be none of those, the node is gone
            # and will not answer.
            self.counts.late_deaths += 1
            self._rebirths.want(node.key, arrival.received_us)
            return
        self.counts.deaths += 1
        outcome.nodes.append((str(node.key), "the edge node's connection ended"))
        if session is not None:
            # Without a session it may be an earlier death that the broker repeats: go on asking.
            self._rebirths.dead(node.key)
            self._intake.leave_out(session.held)
        node.session = None
        # The payload's time is that of the connection, which the will was made for.
        self._intake.lose(node.points_of(None), arrival.received_us, outcome)

    def _take_in_session(
        self, node: EdgeNode, session: Session, arrival: Arrival, outcome: Outcome
    ) -> None:
        if session.is_next(arrival):
            self._advance(node, session, arrival, outcome)
            for each in session.release():
                self._advance(node, session, each, outcome)
        elif session.is_repeated(arrival):
            self.counts.repeated += 1
        else:
            self._hold(node, session, arrival, outcome)

    def _advance(
        self, node: EdgeNode, session: Session, arrival: Arrival, outcome: Outcome
    ) -> None:
        session.advance(arrival)
        self._apply(node, session, arrival, outcome)

    def _hold(self, node: EdgeNode, session: Session, arrival: Arrival, outcome: Outcome) -> None:
        """Keep a message until the missing ones are there, or the node is born again."""
        self.counts.gaps += session.gap_us is None
        if session.broken:
            self._rebirths.want(node.key, arrival.received_us)
        if arrival.topic.kind in _DATA:
            metrics = session.metrics.get(arrival.topic.device, Metrics())
            arrival = self._intake.take_named(node, arrival, metrics, outcome)
        self._intake.leave_out(session.hold(arrival))

    def _apply(self, node: EdgeNode, session: Session, arrival: Arrival, outcome: Outcome) -> None:
        """Take a message whose turn it is."""
        if (sent_ms := arrival.payload.timestamp) is not None:
            self.clocks.saw(str(node.key), sent_ms * 1_000, arrival.received_us)
        device = arrival.topic.device
        if arrival.topic.kind is MessageType.DBIRTH:
            self.counts.births += 1
            session.metrics[device] = Metrics.of_birth(arrival.payload)
        elif arrival.topic.kind is MessageType.DDEATH:
            self.counts.deaths += 1
            session.metrics.pop(device, None)
            at_us = self._clock.sent(arrival).us or arrival.received_us
            self._intake.lose(node.points_of(device), at_us, outcome)
            return
        metrics = session.metrics.get(device)
        if metrics is None:
            self._rebirths.want(node.key, arrival.received_us)
        self._take_known(node, metrics or Metrics(), arrival, outcome)

    def _take_known(
        self, node: EdgeNode, metrics: Metrics, arrival: Arrival, outcome: Outcome
    ) -> None:
        """Take what can be told; for the rest, the node has to be born again."""
        unknown = self._intake.take(node, arrival, metrics, outcome)
        if unknown:
            self.counts.unresolved += len(unknown)
            self._rebirths.want(node.key, arrival.received_us)
