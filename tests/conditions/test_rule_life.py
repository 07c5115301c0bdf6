"""Versions of rules on their way from draft to retired, and what one in shadow finds."""

from collections.abc import Sequence
from itertools import pairwise

import pytest

from conditions.engine import Engine
from conditions.errors import RuleNotFound, RuleTransitionRefused
from conditions.evaluation import Evaluation
from conditions.event_queries import find_events
from conditions.queries import fingerprint, load_plant
from conditions.rule import Rule
from conditions.rule_life import Moved, RuleAction, RuleState, allowed_actions
from conditions.rule_queries import (
    VersionFilter,
    event_counts,
    find_rules,
    find_versions,
    rule_versions,
    shadow_events,
    version_changes,
)
from conditions.rule_service import apply_rules, draft_rule, move_rule
from conditions.settings import ConditionSettings
from conditions.variant import label_of, rule_of, variant
from config.database import Connection
from config.log import BatchId, Kind, Position, Record
from edge.wire import encode_readings
from tests.conditions.plants import RULES, readings, register, rows, rules

pytestmark = pytest.mark.store

VIB = "P-1.vibration"
ZONE = "pump/zone"
KIM = Moved("kim", "fewer orders")
STRICT = RULES.replace('"> 4"', '"> 2"').replace('"< 3"', '"< 1"')


def trial(state: str = "shadow", text: str = STRICT) -> list[Rule]:
    """The rules, the one on vibration in a state that its file asks for."""
    return rules(text.replace("- id: zone", f"- id: zone\n  state: {state}"))


def zone(text: str = RULES) -> Rule:
    return next(rule for rule in rules(text) if rule.id == "zone")


async def states(connection: Connection, rule: str = ZONE) -> list[tuple[int, str]]:
    return [(one.version, one.state) for one in await rule_versions(connection, rule)]


async def draft_and(connection: Connection, *actions: RuleAction) -> int:
    """A draft of the stricter rule, moved on."""
    version = await draft_rule(connection, zone(STRICT), actor="kim")
    for action in actions:
        version = await move_rule(connection, ZONE, version, action, moved=KIM)
    return version


async def test_a_draft_goes_through_shadow_to_active_and_replaces_the_one_before(
    connection: Connection,
) -> None:
    await apply_rules(connection, rules())
    await draft_and(connection, RuleAction.SHADOW)
    assert await states(connection) == [(2, "shadow"), (1, "active")]
    await move_rule(connection, ZONE, 2, RuleAction.ACTIVATE, moved=KIM)
    assert await states(connection) == [(2, "active"), (1, "retired")]


async def test_a_draft_is_not_activated_unseen(connection: Connection) -> None:
    await draft_and(connection)
    with pytest.raises(RuleTransitionRefused, match="allowed now: shadow, retire"):
        await move_rule(connection, ZONE, 1, RuleAction.ACTIVATE, moved=KIM)
    with pytest.raises(RuleNotFound):
        await move_rule(connection, ZONE, 7, RuleAction.RETIRE, moved=KIM)


async def test_a_former_version_is_activated_again_as_a_new_one(connection: Connection) -> None:
    await apply_rules(connection, rules())
    await draft_and(connection, RuleAction.SHADOW, RuleAction.ACTIVATE)
    assert await move_rule(connection, ZONE, 1, RuleAction.ACTIVATE, moved=KIM) == 3
    assert await states(connection) == [(3, "active"), (2, "retired"), (1, "retired")]
    newest, _, first = await rule_versions(connection, ZONE)
    assert (newest.hash, newest.definition) == (first.hash, first.definition)


async def test_a_second_trial_takes_the_place_of_the_first(connection: Connection) -> None:
    await draft_and(connection, RuleAction.SHADOW)
    await draft_and(connection, RuleAction.SHADOW)
    assert await states(connection) == [(2, "shadow"), (1, "retired")]


async def test_every_step_is_on_record_and_stays(connection: Connection) -> None:
    await draft_and(connection, RuleAction.SHADOW, RuleAction.RETIRE)
    steps = [(c.from_state, c.to_state, c.actor) for c in await version_changes(connection, ZONE)]
    assert steps == [
        ("shadow", "retired", "kim"),
        ("draft", "shadow", "kim"),
        (None, "draft", "kim"),
    ]
    with pytest.raises(Exception, match="rule_version_change"):
        await connection.execute("DELETE FROM rule_version_change")


@pytest.mark.parametrize("state", RuleState)
def test_every_action_that_is_offered_leads_on(state: RuleState) -> None:
    assert allowed_actions(state)


async def test_files_may_ask_for_a_trial_beside_the_active_version(connection: Connection) -> None:
    await apply_rules(connection, rules())
    assert (await apply_rules(connection, trial())).added == [ZONE]
    assert await states(connection) == [(2, "shadow"), (1, "active")]
    again = await apply_rules(connection, trial())
    assert (again.added, again.changed, again.retired) == ([], [], [])


async def test_files_activate_the_version_that_was_on_trial(connection: Connection) -> None:
    await apply_rules(connection, rules())
    await apply_rules(connection, trial())
    assert (await apply_rules(connection, rules(STRICT))).changed == [ZONE]
    assert await states(connection) == [(2, "active"), (1, "retired")]


async def test_files_give_a_trial_up(connection: Connection) -> None:
    await apply_rules(connection, rules())
    await apply_rules(connection, trial())
    await apply_rules(connection, rules())
    assert await states(connection) == [(2, "retired"), (1, "active")]


async def test_files_take_an_active_rule_back_into_shadow(connection: Connection) -> None:
    await apply_rules(connection, rules())
    await apply_rules(connection, trial("shadow", RULES))
    assert await states(connection) == [(2, "shadow"), (1, "retired")]


async def test_files_leave_a_trial_that_a_person_began(connection: Connection) -> None:
    await apply_rules(connection, rules())
    await draft_and(connection, RuleAction.SHADOW)
    await apply_rules(connection, rules())
    assert await states(connection) == [(2, "shadow"), (1, "active")]


async def test_versions_are_found_by_what_they_are(connection: Connection) -> None:
    await apply_rules(connection, rules())
    await draft_and(connection)
    found = await find_versions(connection, VersionFilter(rule=ZONE))
    assert [(one.version, one.state) for one in found] == [(2, "draft"), (1, "active")]
    assert await find_versions(connection, VersionFilter(state=RuleState.DRAFT)) == found[:1]
    assert (
        await find_versions(connection, VersionFilter(rule=ZONE), before=found[0].id) == found[1:]
    )


async def test_a_list_of_every_rule_holds_those_on_trial_too(connection: Connection) -> None:
    await draft_and(connection)
    assert await find_rules(connection) == []
    assert [rule.state for rule in await find_rules(connection, every=True)] == ["draft"]


async def test_the_engine_hears_of_every_step_that_concerns_it(connection: Connection) -> None:
    await draft_and(connection)
    seen = [await fingerprint(connection)]
    for action in (RuleAction.SHADOW, RuleAction.ACTIVATE, RuleAction.RETIRE):
        await move_rule(connection, ZONE, 1, action, moved=KIM)
        seen.append(await fingerprint(connection))
    assert all(before != after for before, after in pairwise(seen))


def test_a_variant_is_a_rule_of_its_own_with_other_parameters() -> None:
    rule = zone()
    other = variant(rule, "v=9", {"trip": 9.0, "unknown": 1.0})
    assert (rule_of(other.name), label_of(other.name)) == (ZONE, "v=9")
    assert other.parameters == {**rule.parameters, "trip": 9.0}
    assert other.state_hash != rule.state_hash


def record(number: int, *values: tuple[float, float]) -> Record:
    data = encode_readings(readings(VIB, *values))
    return Record(Kind.READINGS, 0, BatchId("e", "a", number), Position("s", number), data)


async def evaluated(connection: Connection, *records: Record) -> Evaluation:
    """An evaluation that has taken some records in."""
    evaluation = Evaluation(connection, ConditionSettings(), partition=0, partitions=1)
    await evaluation.start()
    for one in records:
        await evaluation.take([one])
    return evaluation


async def test_what_a_shadow_finds_is_recorded_apart_and_asks_for_no_work(
    connection: Connection,
) -> None:
    await register(connection, {VIB: "mm/s"})
    await apply_rules(connection, rules())
    await draft_and(connection, RuleAction.SHADOW)
    await evaluated(connection, record(1, (0, 0), (1, 3)), record(2, (2, 5)), record(3, (3, 0)))
    assert [event.raised_at.second for event in await find_events(connection)] == [2]
    (found,) = await shadow_events(connection, ZONE)
    assert (found.version, found.asset, found.state, found.raised_at.second) == (
        2,
        "P-1",
        "cleared",
        1,
    )
    assert await rows(connection, "SELECT count(*) FROM condition_outbox") == [(2,)]
    counts = await event_counts(connection, [v.id for v in await rule_versions(connection, ZONE)])
    assert sorted((count.events, count.open) for count in counts.values()) == [(1, 0), (1, 0)]


async def test_the_active_version_finds_the_same_with_and_without_a_shadow(
    connection: Connection,
) -> None:
    await register(connection, {VIB: "mm/s"})
    await apply_rules(connection, rules())
    values = [(t, float(v)) for t, v in enumerate((0, 5, 2, 8, 8, 8, 1, 5, 0))]
    alone = _told(
        Engine(await load_plant(connection, partition=0, partitions=1), lateness_us=0), values
    )
    await draft_and(connection, RuleAction.SHADOW)
    beside = _told(
        Engine(await load_plant(connection, partition=0, partitions=1), lateness_us=0), values
    )
    assert [one for one in beside if not label_of(str(one[0]))] == alone
    assert any(label_of(str(one[0])) for one in beside)


def _told(engine: Engine, values: Sequence[tuple[float, float]]) -> list[tuple[object, ...]]:
    return [(c.rule, c.kind, c.at_us, c.key) for c in engine.feed([readings(VIB, *values)])]


async def test_a_shadow_that_is_retired_ends_its_events(connection: Connection) -> None:
    await register(connection, {VIB: "mm/s"})
    await draft_and(connection, RuleAction.SHADOW)
    evaluation = await evaluated(connection, record(1, (0, 0), (1, 3)))
    await move_rule(connection, ZONE, 1, RuleAction.RETIRE, moved=KIM)
    await evaluation.reload()
    (found,) = await shadow_events(connection, ZONE)
    assert found.state == "cleared"


async def test_a_shadow_that_is_retired_while_no_engine_runs_ends_its_events(
    connection: Connection,
) -> None:
    await register(connection, {VIB: "mm/s"})
    await draft_and(connection, RuleAction.SHADOW)
    await evaluated(connection, record(1, (0, 0), (1, 3)))
    await move_rule(connection, ZONE, 1, RuleAction.RETIRE, moved=KIM)
    evaluation = await evaluated(connection)
    await evaluation.rest()
    (found,) = await shadow_events(connection, ZONE)
    assert found.state == "cleared"
