"""From what is asked to what is replayed: rules found, made variants of, and put on the register."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from api.backtests.request import BacktestRequest, Kind, RuleChoice
from conditions.backtest.history import Span
from conditions.backtest.score import Failure, Horizon
from conditions.binding import ActiveRule, Plant
from conditions.errors import BacktestRefused
from conditions.queries import load_plant
from conditions.rule_file import rule_from_definition
from conditions.rule_life import RuleState
from conditions.rule_queries import RuleVersion, find_rules, get_version, rule_versions
from conditions.variant import variant
from config.clock import from_us, to_us
from config.database import Connection
from config.durations import parse_duration
from ingest.history.alarms import alarm_was_seen
from maintenance.events.failures import recorded_failures

BEFORE, AFTER = "before", "after"
"""Labels of the two sides of a diff."""
_MOST_RULES = 10_000


@dataclass(frozen=True, slots=True)
class Variant:
    """A set of rules under one label; `value` is that of the parameter that is swept."""

    label: str
    rules: Sequence[ActiveRule]
    value: float | None = None


@dataclass(frozen=True, slots=True)
class Trial:
    """All that a replay needs; `left_out` are rules that history cannot tell of, with the reason."""

    variants: Sequence[Variant]
    left_out: Mapping[str, str]
    plant: Plant
    assets: frozenset[str] | None
    span: Span
    horizon: Horizon
    work_takes_us: int
    failures: Sequence[Failure]

    @property
    def rules(self) -> list[ActiveRule]:
        """The rules of every variant."""
        return [rule for one in self.variants for rule in one.rules]


async def resolve(connection: Connection, asked: BacktestRequest) -> Trial:
    """The trial that a request means. Raises `BacktestRefused`, `RuleNotFound`."""
    span = Span(to_us(asked.start), to_us(asked.end))
    if span.length_us <= 0:
        raise BacktestRefused("start has to be before end")
    tested = await _tested(connection, asked)
    left_out = await _left_out(connection, tested, span)
    tested = [_with(one, asked.params) for one in tested if one.rule.name not in left_out]
    if not tested:
        said = "; ".join(f"{rule} {why}" for rule, why in left_out.items())
        raise BacktestRefused(f"there is no rule to replay{': ' if said else ''}{said}")
    variants = await _variants(connection, asked, tested, left_out)
    fixed = {*asked.params, *([asked.sweep.parameter] if asked.sweep else [])}
    plant = await load_plant(connection, partition=0, partitions=1)
    parameters = {key: at for key, at in plant.parameters.items() if key[1] not in fixed}
    return Trial(
        variants=variants,
        left_out=left_out,
        plant=replace(plant, rules=(), parameters=parameters),
        assets=None if asked.assets is None else frozenset(asked.assets),
        span=span,
        horizon=Horizon(
            window_us=parse_duration(asked.window),
            lead_us=parse_duration(asked.lead),
            aftermath_us=parse_duration(asked.aftermath),
            start_us=span.start_us,
            end_us=span.end_us,
        ),
        work_takes_us=parse_duration(asked.work_takes),
        failures=await _failures(connection, asked),
    )


async def _left_out(
    connection: Connection, tested: Sequence[ActiveRule], span: Span
) -> dict[str, str]:
    """Rules on alarms of which no device has ever told: that none came says nothing of them."""
    return {
        one.rule.name: f"is left out: no device of its class told of the alarm {one.rule.alarm}"
        for one in tested
        if one.rule.alarm is not None
        and not await alarm_was_seen(
            connection, one.rule.asset_class, one.rule.alarm, until_us=span.end_us
        )
    }


async def _tested(connection: Connection, asked: BacktestRequest) -> list[ActiveRule]:
    """The rules that are asked about."""
    if not asked.rules and not asked.definitions:
        found = await find_rules(connection, limit=_MOST_RULES)
        return [_stored(version) for version in found]
    stored = [await _chosen(connection, choice) for choice in asked.rules]
    return [*stored, *(_given(definition) for definition in asked.definitions)]


async def _chosen(connection: Connection, choice: RuleChoice) -> ActiveRule:
    if choice.version is not None:
        return _stored(await get_version(connection, choice.rule, choice.version))
    for version in await rule_versions(connection, choice.rule):
        if version.state is RuleState.ACTIVE:
            return _stored(version)
    raise BacktestRefused(f"{choice.rule} has no active version: name one")


def _stored(version: RuleVersion) -> ActiveRule:
    try:
        return ActiveRule(version.load(), version.version, None)
    except ValueError as error:
        raise BacktestRefused(f"{version.rule}: {error}") from error


def _given(definition: dict[str, Any]) -> ActiveRule:
    try:
        return ActiveRule(rule_from_definition(definition, file="", line=0), None, None)
    except (ValueError, TypeError, LookupError) as error:
        raise BacktestRefused(f"a rule that was given cannot be read: {error}") from error


def _with(active: ActiveRule, parameters: Mapping[str, float]) -> ActiveRule:
    """The rule with some parameters set; those that it does not have are other rules'."""
    known = {name: value for name, value in parameters.items() if name in active.rule.parameters}
    rule = replace(active.rule, parameters={**active.rule.parameters, **known})
    return replace(active, rule=rule)


async def _variants(
    connection: Connection,
    asked: BacktestRequest,
    tested: Sequence[ActiveRule],
    left_out: Collection[str],
) -> list[Variant]:
    if asked.kind is Kind.BACKTEST:
        return [Variant("", tested)]
    if asked.kind is Kind.DIFF:
        choices = asked.against or [RuleChoice(rule=one.rule.name) for one in tested]
        known = [await _chosen(connection, choice) for choice in choices]
        before = [one for one in known if one.rule.name not in left_out]
        return [_labelled(BEFORE, before), _labelled(AFTER, tested)]
    if asked.sweep is None:
        raise BacktestRefused("say which parameter to sweep, and its values")
    name = asked.sweep.parameter
    swept = [one for one in tested if name in one.rule.parameters]
    if not swept:
        known_names = sorted({name for one in tested for name in one.rule.parameters})
        raise BacktestRefused(
            f"no rule has a parameter {name!r}; there are: {', '.join(known_names) or 'none'}"
        )
    return [
        _labelled(f"{name}={value!r}", swept, {name: value})
        for value in sorted(set(asked.sweep.values))
    ]


def _labelled(
    label: str, rules: Sequence[ActiveRule], parameters: Mapping[str, float] | None = None
) -> Variant:
    renamed = [replace(one, rule=variant(one.rule, label, parameters)) for one in rules]
    value = next(iter(parameters.values())) if parameters else None
    return Variant(label, renamed, value)


async def _failures(connection: Connection, asked: BacktestRequest) -> list[Failure]:
    if asked.failures is not None:
        given = [
            Failure(one.asset, to_us(one.time), one.failure_mode, "given") for one in asked.failures
        ]
    else:
        given = [
            Failure(one.asset, to_us(one.at), one.failure_mode, one.number)
            for one in await recorded_failures(connection)
        ]
    wanted = None if asked.assets is None else set(asked.assets)
    return [
        failure
        for failure in given
        if (wanted is None or failure.asset in wanted)
        and asked.start < from_us(failure.at_us) <= asked.end
    ]
