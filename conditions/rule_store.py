"""What conditions write of rules: versions, their way through life, parameters of assets."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from conditions.rule import Rule
from conditions.rule_life import Moved, RuleState
from config.database import Connection, fetch_one

# Held to the end of the transaction: a rule's versions are moved on by one at a time.
HOLD_VERSIONS = """
SELECT id, rule, version, state, hash, created_by FROM rule_version
WHERE rule = %s ORDER BY version FOR UPDATE
"""

HOLD_LIVE_VERSIONS = """
SELECT id, rule, version, state, hash, created_by FROM rule_version
WHERE state <> 'retired' ORDER BY rule, version FOR UPDATE
"""

INSERT_RULE = """
INSERT INTO rule_version
    (rule, version, asset_class, state, definition, hash, file, line, created_by)
SELECT %s, coalesce(max(version), 0) + 1, %s, %s, %s, %s, %s, %s, %s
FROM rule_version WHERE rule = %s
RETURNING id, version
"""

# A version of the same meaning, to take up a retired one again.
COPY_RULE = """
INSERT INTO rule_version
    (rule, version, asset_class, state, definition, hash, file, line, created_by)
SELECT rule, (SELECT max(version) + 1 FROM rule_version WHERE rule = v.rule), asset_class, %s,
       definition, hash, file, line, %s
FROM rule_version v WHERE id = %s
RETURNING id, version
"""

SET_STATE = """
UPDATE rule_version
SET state = %s, retired_at = CASE WHEN %s = 'retired' THEN now() END
WHERE id = %s
"""

# Where a rule stands in the files is no part of what it means, so its version stays.
MOVE_RULE = """
UPDATE rule_version SET file = %s, line = %s
WHERE id = %s AND (file, line) IS DISTINCT FROM (%s, %s)
"""

INSERT_CHANGE = """
INSERT INTO rule_version_change (rule_version_id, from_state, to_state, actor, reason)
VALUES (%s, %s, %s, %s, %s)
"""

NOTIFY_RULE = "SELECT pg_notify('rule', '')"

SELECT_PARAMETERS = """
SELECT a.tag, p.name, p.value, p.source
FROM rule_parameter p JOIN asset a ON a.id = p.asset_id
"""

DELETE_PARAMETER = """
DELETE FROM rule_parameter
WHERE asset_id = (SELECT id FROM asset WHERE tag = %s) AND name = %s
"""

UPSERT_PARAMETER = """
INSERT INTO rule_parameter (asset_id, name, value, source)
SELECT id, %s, %s, %s FROM asset WHERE tag = %s
ON CONFLICT (asset_id, name) DO UPDATE SET value = excluded.value, source = excluded.source
RETURNING (SELECT tag FROM asset WHERE id = asset_id)
"""


@dataclass(frozen=True, slots=True)
class HeldVersion:
    """A version that nobody else moves on until the transaction ends."""

    id: int
    rule: str
    version: int
    state: RuleState
    hash: str
    created_by: str


async def hold_versions(connection: Connection, rule: str) -> list[HeldVersion]:
    """Every version of a rule, oldest first."""
    cursor = await connection.execute(HOLD_VERSIONS, [rule])
    return [_held(*row) for row in await cursor.fetchall()]


async def hold_live_versions(connection: Connection) -> list[HeldVersion]:
    """Every version that is not retired, by rule, oldest first."""
    cursor = await connection.execute(HOLD_LIVE_VERSIONS)
    return [_held(*row) for row in await cursor.fetchall()]


def _held(id_: int, rule: str, version: int, state: str, *rest: str) -> HeldVersion:
    return HeldVersion(id_, rule, version, RuleState(state), *rest)


async def insert_rule(connection: Connection, rule: Rule, state: RuleState, moved: Moved) -> int:
    """Insert a new version of a rule and note it; returns its number."""
    given = [
        *(rule.name, rule.asset_class, state, json.dumps(rule.definition), rule.hash),
        *(rule.file, rule.line, moved.actor, rule.name),
    ]
    row = await fetch_one(connection, INSERT_RULE, given)
    assert row is not None  # noqa: S101 - an aggregate always gives a row to insert
    await connection.execute(INSERT_CHANGE, [row[0], None, state, moved.actor, moved.reason])
    return int(row[1])


async def copy_rule(
    connection: Connection, former: HeldVersion, state: RuleState, moved: Moved
) -> int:
    """Insert a version that means what a former one meant; returns its number."""
    row = await fetch_one(connection, COPY_RULE, [state, moved.actor, former.id])
    assert row is not None  # noqa: S101 - the version is held
    await connection.execute(INSERT_CHANGE, [row[0], None, state, moved.actor, moved.reason])
    return int(row[1])


async def set_state(
    connection: Connection, held: HeldVersion, state: RuleState, moved: Moved
) -> None:
    """Move a version on and note it."""
    await connection.execute(SET_STATE, [state, state, held.id])
    await connection.execute(INSERT_CHANGE, [held.id, held.state, state, moved.actor, moved.reason])


async def move_rules(connection: Connection, moves: Sequence[tuple[HeldVersion, Rule]]) -> None:
    """Note where rules that mean the same now stand in the files."""
    rows = [(r.file, r.line, held.id, r.file, r.line) for held, r in moves]
    async with connection.cursor() as cursor:
        await cursor.executemany(MOVE_RULE, rows)


async def notify_rules(connection: Connection) -> None:
    """Tell the engine that rules or parameters changed, when the transaction commits."""
    await connection.execute(NOTIFY_RULE)


async def parameters(connection: Connection) -> dict[tuple[str, str], tuple[float, str]]:
    """(asset, name) -> (value, where it was said)."""
    cursor = await connection.execute(SELECT_PARAMETERS)
    return {(asset, name): (value, said) for asset, name, value, said in await cursor.fetchall()}


async def delete_parameters(connection: Connection, keys: Sequence[tuple[str, str]]) -> None:
    """Remove overrides by (asset, name)."""
    async with connection.cursor() as cursor:
        await cursor.executemany(DELETE_PARAMETER, list(keys))


async def upsert_parameters(
    connection: Connection, overrides: Mapping[tuple[str, str], tuple[float, str]]
) -> set[str]:
    """Set overrides; returns the assets that exist."""
    stored: set[str] = set()
    for (asset, name), (value, said) in overrides.items():
        cursor = await connection.execute(UPSERT_PARAMETER, [name, value, said, asset])
        if await cursor.fetchone() is not None:
            stored.add(asset)
    return stored
