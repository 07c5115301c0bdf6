"""What is read of rules: versions, their way through life, parameters, what shadows found."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from conditions.errors import RuleNotFound
from conditions.event import EventState, Severity
from conditions.rule import Rule
from conditions.rule_file import rule_from_definition
from conditions.rule_life import RuleAction, RuleState, allowed_actions
from config.database import Connection, fetch_one


@dataclass(frozen=True, slots=True)
class RuleVersion:
    """One immutable version of a rule; `definition` is a rule file with this rule alone."""

    id: int
    rule: str
    version: int
    asset_class: str
    state: RuleState
    definition: dict[str, Any]
    hash: str
    file: str
    line: int
    created_by: str
    created_at: datetime
    retired_at: datetime | None

    @property
    def allowed_transitions(self) -> tuple[RuleAction, ...]:
        """What may be done with it next."""
        return allowed_actions(self.state)

    def load(self) -> Rule:
        """The rule itself. Raises `ValueError` where another program's time wrote something else."""
        return rule_from_definition(self.definition, file=self.file, line=self.line)


@dataclass(frozen=True, slots=True)
class VersionFilter:
    """Which versions are wanted; None: any."""

    rule: str | None = None
    asset_class: str | None = None
    state: RuleState | None = None


@dataclass(frozen=True, slots=True)
class VersionChange:
    """A step in a version's life."""

    version: int
    from_state: RuleState | None
    to_state: RuleState
    actor: str
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class EventCount:
    """Events of a version: how many there were, and how many of them hold."""

    events: int
    open: int


@dataclass(frozen=True, slots=True)
class ShadowEvent:
    """What a version in shadow found; times are event times in UTC."""

    id: int
    rule: str
    version: int
    asset: str
    state: EventState
    severity: Severity
    peak_severity: Severity
    message: str
    onset: datetime
    raised_at: datetime
    cleared_at: datetime | None
    value: float | None


@dataclass(frozen=True, slots=True)
class Override:
    """A parameter that an asset has its own value of, and where that was said."""

    asset: str
    name: str
    value: float
    source: str


# Of each rule the version that is at work, else the one on trial, else the newest.
SELECT_RULES = """
SELECT * FROM (
    SELECT DISTINCT ON (rule) id, rule, version, asset_class, state, definition, hash, file, line,
           created_by, created_at, retired_at
    FROM rule_version
    WHERE rule > %s AND (%s::text IS NULL OR asset_class = %s)
      AND (state = 'active' OR %s)
    ORDER BY rule, array_position(ARRAY['active', 'shadow', 'draft', 'retired'], state),
             version DESC
) AS current ORDER BY rule
LIMIT %s
"""

SELECT_RULE_VERSIONS = """
SELECT id, rule, version, asset_class, state, definition, hash, file, line, created_by, created_at,
       retired_at
FROM rule_version
WHERE rule = %s
ORDER BY version DESC
"""

SELECT_VERSION_PAGE = """
SELECT id, rule, version, asset_class, state, definition, hash, file, line, created_by, created_at,
       retired_at
FROM rule_version
WHERE (%s::text IS NULL OR rule = %s) AND (%s::text IS NULL OR asset_class = %s)
  AND (%s::text IS NULL OR state = %s) AND (%s::integer IS NULL OR id < %s)
ORDER BY id DESC
LIMIT %s
"""

SELECT_VERSION = """
SELECT id, rule, version, asset_class, state, definition, hash, file, line, created_by, created_at,
       retired_at
FROM rule_version WHERE rule = %s AND version = %s
"""

SELECT_CHANGES = """
SELECT v.version, c.from_state, c.to_state, c.actor, c.reason, c.at
FROM rule_version_change c JOIN rule_version v ON v.id = c.rule_version_id
WHERE v.rule = %s ORDER BY c.id DESC
"""

SELECT_COUNTS = """
SELECT rule_version_id, count(*), count(*) FILTER (WHERE state = 'active')
FROM condition_event WHERE rule_version_id = ANY(%s) GROUP BY rule_version_id
UNION ALL
SELECT rule_version_id, count(*), count(*) FILTER (WHERE state = 'active')
FROM shadow_event WHERE rule_version_id = ANY(%s) GROUP BY rule_version_id
"""

SELECT_SHADOW_EVENTS = """
SELECT e.id, v.rule, v.version, a.tag, e.state, e.severity, e.peak_severity, e.message, e.onset,
       e.raised_at, e.cleared_at, e.value
FROM shadow_event e
JOIN rule_version v ON v.id = e.rule_version_id JOIN asset a ON a.id = e.asset_id
WHERE v.rule = %s AND (%s::integer IS NULL OR v.version = %s)
  AND (%s::bigint IS NULL OR e.id < %s)
ORDER BY e.id DESC
LIMIT %s
"""

SELECT_OVERRIDES_OF_CLASS = """
SELECT a.tag, p.name, p.value, p.source
FROM rule_parameter p JOIN asset a ON a.id = p.asset_id JOIN asset_class c ON c.id = a.class_id
WHERE c.code = %s ORDER BY p.name, a.tag
"""


async def find_rules(
    connection: Connection,
    *,
    asset_class: str | None = None,
    every: bool = False,
    after: str = "",
    limit: int = 100,
) -> list[RuleVersion]:
    """Up to `limit` rules with a name behind `after`: their active versions.

    With `every` also the rules that have none: the version in shadow, or the newest.
    """
    given = [after, asset_class, asset_class, every, limit]
    cursor = await connection.execute(SELECT_RULES, given)
    return [_version(*row) for row in await cursor.fetchall()]


async def rule_versions(connection: Connection, rule: str) -> list[RuleVersion]:
    """Every version of a rule, newest first. Raises `RuleNotFound`."""
    cursor = await connection.execute(SELECT_RULE_VERSIONS, [rule])
    found = [_version(*row) for row in await cursor.fetchall()]
    if not found:
        raise RuleNotFound(f"there is no rule {rule}")
    return found


async def find_versions(
    connection: Connection, wanted: VersionFilter, *, before: int | None = None, limit: int = 100
) -> list[RuleVersion]:
    """Up to `limit` versions, newest first, with an id below `before` if it is given."""
    filters = (wanted.rule, wanted.asset_class, wanted.state, before)
    given = [value for value in filters for _ in range(2)]
    cursor = await connection.execute(SELECT_VERSION_PAGE, [*given, limit])
    return [_version(*row) for row in await cursor.fetchall()]


async def get_version(connection: Connection, rule: str, version: int) -> RuleVersion:
    """One version of a rule. Raises `RuleNotFound`."""
    row = await fetch_one(connection, SELECT_VERSION, [rule, version])
    if row is None:
        raise RuleNotFound(f"there is no version {version} of a rule {rule}")
    return _version(*row)


async def version_changes(connection: Connection, rule: str) -> list[VersionChange]:
    """What was done with a rule's versions, latest first."""
    cursor = await connection.execute(SELECT_CHANGES, [rule])
    return [
        VersionChange(version, RuleState(before) if before else None, RuleState(after), *rest)
        for version, before, after, *rest in await cursor.fetchall()
    ]


async def event_counts(connection: Connection, version_ids: list[int]) -> Mapping[int, EventCount]:
    """How many events each version has found, live or in shadow; none for one without."""
    cursor = await connection.execute(SELECT_COUNTS, [version_ids, version_ids])
    counts: dict[int, EventCount] = {}
    for version_id, events, still in await cursor.fetchall():
        known = counts.get(version_id, EventCount(0, 0))
        counts[version_id] = EventCount(known.events + events, known.open + still)
    return counts


async def shadow_events(
    connection: Connection,
    rule: str,
    *,
    version: int | None = None,
    before: int | None = None,
    limit: int = 100,
) -> list[ShadowEvent]:
    """Up to `limit` events that versions of a rule found in shadow, latest first."""
    given = [rule, version, version, before, before, limit]
    cursor = await connection.execute(SELECT_SHADOW_EVENTS, given)
    return [_shadow(*row) for row in await cursor.fetchall()]


async def overrides_of(connection: Connection, asset_class: str) -> list[Override]:
    """Parameters that assets of a class have their own values of, by name."""
    cursor = await connection.execute(SELECT_OVERRIDES_OF_CLASS, [asset_class])
    return [Override(*row) for row in await cursor.fetchall()]


def _version(*row: Any) -> RuleVersion:
    fields = list(row)
    fields[4] = RuleState(fields[4])
    return RuleVersion(*fields)


def _shadow(*row: Any) -> ShadowEvent:
    fields = dict(zip(ShadowEvent.__dataclass_fields__, row, strict=True))
    fields["state"] = EventState(fields["state"])
    for name in ("severity", "peak_severity"):
        fields[name] = Severity(fields[name])
    return ShadowEvent(**fields)
