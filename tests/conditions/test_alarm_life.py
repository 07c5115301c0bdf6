"""The life of an event: whatever happens in whatever order, each change is told once."""

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from conditions import alarm_life
from conditions.alarm_life import Life, Step
from conditions.event import ChangeKind, Severity, Silence

SEVERITIES = st.sampled_from(Severity)
SILENCES = st.frozensets(st.sampled_from(Silence))
HIGH, LOW = Severity.HIGH, Severity.LOW
SHELVED = frozenset({Silence.SHELVED})
CLEARED, RAISED = ChangeKind.CLEARED, ChangeKind.RAISED


class AnyLife(RuleBasedStateMachine):
    """Raise, change, silence, acknowledge and reset an event in any order; keep what was told."""

    def __init__(self) -> None:
        super().__init__()
        self.life: Life | None = None
        self.told: list[tuple[ChangeKind, Severity]] = []
        self.known: Severity | None = None
        """What somebody who hears everything believes: the event's severity, None: it is over."""
        self.must_tell_anew = False

    @precondition(lambda self: self.life is None or not self.life.active)
    @rule(severity=SEVERITIES, silences=SILENCES, latch=st.booleans())
    def raise_it(self, severity: Severity, silences: frozenset[Silence], latch: bool) -> None:
        """The engine finds a new event."""
        self._take(alarm_life.raised(severity, silences, latch=latch))
        assert self.life is not None
        assert not self.life.acknowledged

    @precondition(lambda self: self.life is not None and self.life.active)
    @rule(severity=SEVERITIES)
    def change_it(self, severity: Severity) -> None:
        """The engine finds that it has become better or worse."""
        life = self._life()
        if severity != life.severity:
            worse = severity > life.severity
            kind = ChangeKind.ESCALATED if worse else ChangeKind.DEESCALATED
            step = alarm_life.changed(life, kind, severity)
            assert step.told in ((None,) if life.silences else (kind,))
            self._take(step)

    @precondition(lambda self: self.life is not None and self.life.active)
    @rule()
    def clear_it(self) -> None:
        """The engine finds that it is over."""
        life = self._life()
        known = self.known
        step = alarm_life.changed(life, CLEARED, life.severity)
        assert (step.told is CLEARED) == (known is not None)
        self._take(step)
        assert self._life().latched == life.latch

    @precondition(lambda self: self.life is not None and self.life.open)
    @rule(silences=SILENCES)
    def silence_it(self, silences: frozenset[Silence]) -> None:
        """Shelves, outages or suppressions begin or end."""
        life = self._life()
        self.must_tell_anew = life.active and bool(life.silences) and not silences
        step = alarm_life.silenced(life, silences)
        assert (step.told is RAISED) == self.must_tell_anew
        self._take(step)

    @precondition(lambda self: self.life is not None)
    @rule()
    def acknowledge_it(self) -> None:
        """Somebody sees it."""
        self._take(alarm_life.acknowledged(self._life()))

    @precondition(lambda self: self.life is not None)
    @rule()
    def reset_it(self) -> None:
        """Somebody resets it, allowed or not."""
        life = self._life()
        self._take(alarm_life.reset(life))
        assert self._life().latched == (life.latched and not life.acknowledged)

    @invariant()
    def nothing_is_lost(self) -> None:
        """Who hears everything knows of each event that is before people, and how bad it is."""
        if self.life is not None and self.life.annunciated:
            assert self.known == self.life.severity
        if self.life is not None and not self.life.active:
            assert self.known is None

    @invariant()
    def what_was_told_is_kept(self) -> None:
        """The event knows what others know."""
        if self.life is not None:
            assert self.life.told == self.known

    def _life(self) -> Life:
        assert self.life is not None
        return self.life

    def _take(self, step: Step) -> None:
        """Hear what is told; nothing may be told twice."""
        if step.told is not None:
            severity = step.life.severity
            if step.told is RAISED:
                assert self.known is None or self.must_tell_anew
            else:
                assert self.known is not None
                assert step.told is CLEARED or self.known != severity
            self.known = None if step.told is CLEARED else severity
            self.told.append((step.told, severity))
        self.must_tell_anew = False
        self.life = step.life


TestAnyLife = AnyLife.TestCase


def test_an_event_that_nothing_silences_is_told_at_once() -> None:
    step = alarm_life.raised(HIGH)
    assert (step.told, step.life.told) == (RAISED, HIGH)


def test_a_silent_event_that_clears_is_never_told() -> None:
    life = alarm_life.raised(HIGH, SHELVED).life
    assert alarm_life.changed(life, CLEARED, HIGH).told is None


def test_what_was_told_is_told_to_be_over_also_while_it_is_shelved() -> None:
    life = alarm_life.silenced(alarm_life.raised(HIGH).life, SHELVED).life
    assert alarm_life.changed(life, CLEARED, HIGH).told is CLEARED


def test_the_end_of_one_of_two_silences_tells_nothing() -> None:
    both = SHELVED | {Silence.SUPPRESSED}
    life = alarm_life.raised(HIGH, both).life
    assert alarm_life.silenced(life, SHELVED).told is None


def test_an_event_that_got_worse_in_silence_is_told_as_it_is_then() -> None:
    life = alarm_life.silenced(alarm_life.raised(LOW).life, SHELVED).life
    life = alarm_life.changed(life, ChangeKind.ESCALATED, HIGH).life
    step = alarm_life.silenced(life, ())
    assert (step.told, step.life.told) == (RAISED, HIGH)


def test_getting_worse_takes_the_acknowledgement_away_and_getting_better_leaves_it() -> None:
    seen = alarm_life.acknowledged(alarm_life.raised(HIGH).life).life
    assert alarm_life.changed(seen, ChangeKind.DEESCALATED, LOW).life.acknowledged
    assert not alarm_life.changed(seen, ChangeKind.ESCALATED, Severity.CRITICAL).life.acknowledged


def test_a_latched_event_is_reset_only_when_it_is_normal_and_seen() -> None:
    active = alarm_life.acknowledged(alarm_life.raised(HIGH, latch=True).life).life
    assert not alarm_life.may_reset(active)
    latched = alarm_life.changed(active, CLEARED, HIGH).life
    assert latched.open
    assert alarm_life.may_reset(latched)
    assert not alarm_life.reset(latched).life.open
