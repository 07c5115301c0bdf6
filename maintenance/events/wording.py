"""Title and description of an order that a condition raised, for the people who do the work."""

from datetime import datetime

from config.clock import from_us
from config.unit_sign import with_unit
from maintenance.events.evidence import Evidence, Series, parse_evidence
from maintenance.events.policy import ConditionChange

_LONGEST_TITLE = 140


def title(change: ConditionChange) -> str:
    """One line: which asset, and what is wrong with it."""
    message = " ".join(change.event.message.split())
    tag = change.asset.tag
    line = message if tag in message else f"{tag}: {message}"
    return line if len(line) <= _LONGEST_TITLE else f"{line[: _LONGEST_TITLE - 1]}…"


def description(change: ConditionChange) -> str:
    """A few sentences, one a line: the asset, since when, by which rule, what was measured."""
    asset, event, request = change.asset, change.event, change.event.work_order
    evidence = parse_evidence(event.evidence)
    onset, raised = _moment(event.onset), _moment(event.raised_at)
    lines = [
        f"{asset.name} ({asset.tag}, criticality {asset.criticality}): {event.message}",
        f"The condition has held since {onset} and was raised at {raised}.",
        *_rule_lines(evidence),
        *_alarm_lines(evidence),
        *(line for series in evidence.series for line in _series_lines(series)),
    ]
    if request and request.job_plan:
        lines.append(f"Recommended job plan: {request.job_plan}.")
    return "\n".join(lines)


def _rule_lines(evidence: Evidence) -> list[str]:
    rule = evidence.rule
    if rule is None:
        return []
    place = f" ({rule.file}:{rule.line})" if rule.file and rule.line else ""
    level = f", level {rule.level}" if rule.level else ""
    says = f": {rule.text}" if rule.text else ""
    return [f"Rule {rule.id}, version {rule.version}{level}{says}{place}."]


def _alarm_lines(evidence: Evidence) -> list[str]:
    alarm = evidence.alarm
    if alarm is None:
        return []
    says = f": {alarm.message}" if alarm.message else ""
    return [f"The device's own alarm {alarm.code}, severity {alarm.severity} of 1000{says}."]


def _series_lines(series: Series) -> list[str]:
    last = series.last_good()
    if last is None:
        return []
    ts, value = last
    return [f"{series.tag} was {with_unit(f'{value:g}', series.unit)} at {_moment(from_us(ts))}."]


def _moment(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"
