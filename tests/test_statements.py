"""Every SQL statement of our packages is valid against the migrated schema: the server prepares it.

The convention: a statement is a plain string in a module's constant, its name in capitals
(`SELECT_OPEN_ORDERS`), or a sum of such strings and constants, or stands directly in a call of
`execute`, `executemany`, `copy`, `fetch_one`, `fetch_dict` or `fetch_dicts`. One that needs TimescaleDB is in a constant named
`TIMESCALE_…`.
"""

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from psycopg.errors import AmbiguousFunction, IndeterminateDatatype

from config.database import Connection, Level, find_level

ROOT = Path(__file__).parent.parent
PACKAGES = ("config", "edge", "ingest", "conditions", "maintenance", "api", "oilcan")
CALLS = frozenset({"execute", "executemany", "copy", "fetch_one", "fetch_dict", "fetch_dicts"})
# What PREPARE takes; other statements (SET, LISTEN, CREATE) have no plan.
PLANNED = re.compile(r"\s*(?:--[^\n]*\n\s*)*(SELECT|INSERT|UPDATE|DELETE|MERGE|VALUES|WITH)\b")
COPY_IN = re.compile(r"\s*COPY\s+(?P<table>\w+)\s*\((?P<columns>[^)]*)\)\s+FROM\s+STDIN")
COPY_OUT = re.compile(r"\s*COPY\s*\((?P<query>.*)\)\s*TO\s+STDOUT", re.DOTALL)
PLACEHOLDER = re.compile(r"%%|%(?:\((?P<name>\w+)\))?[sbt]")


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement as it can be prepared, and where it stands."""

    place: str
    sql: str
    level: Level


def statements_of(source: str, module: str) -> Iterator[Statement]:
    """The statements of a module's source."""
    tree = ast.parse(source)
    texts: dict[str, str] = {}
    for node in tree.body:
        if isinstance(node, ast.Assign | ast.AnnAssign):
            target = node.targets[0] if isinstance(node, ast.Assign) else node.target
            if isinstance(target, ast.Name) and target.id.isupper():
                level = Level.HYPERTABLE if "TIMESCALE_" in target.id else Level.PARTITIONS
                value = _folded(node.value, texts)
                if isinstance(value, ast.Constant) and isinstance(value.value, str):
                    texts[target.id] = value.value
                yield from _statement(value, f"{module}.{target.id}", level)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _name(node.func) in CALLS:
            for argument in node.args[:2]:
                yield from _statement(argument, f"{module}:{node.lineno}", Level.PARTITIONS)


def prepared_form(sql: str) -> str | None:
    """The statement to hand to PREPARE for `sql`, with numbered parameters; None: not of its kind."""
    if (match := COPY_IN.match(sql)) is not None:
        return f"SELECT {match['columns']} FROM {match['table']}"  # noqa: S608 - our own text
    if (match := COPY_OUT.match(sql)) is not None:
        sql = match["query"]
    if PLANNED.match(sql) is None:
        return None
    names: dict[str, int] = {}

    def number(found: re.Match[str]) -> str:
        if found[0] == "%%":
            return "%"
        return f"${names.setdefault(found['name'] or f'#{len(names)}', len(names) + 1)}"

    return PLACEHOLDER.sub(number, sql)


async def refusal(connection: Connection, sql: str) -> str | None:
    """Why the server will not prepare a statement; None where it does."""
    try:
        await connection.execute(b"PREPARE checked AS " + sql.encode())
    except (IndeterminateDatatype, AmbiguousFunction):
        # The driver gives each parameter its type; without one the server cannot always tell.
        return None
    except psycopg.Error as error:
        return str(error)
    await connection.execute("DEALLOCATE checked")
    return None


def _folded(node: ast.expr | None, texts: Mapping[str, str]) -> ast.expr | None:
    """A sum of texts, and of constants that stand before it, as one text."""
    if isinstance(node, ast.Name) and node.id in texts:
        return ast.Constant(texts[node.id])
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        left, right = _folded(node.left, texts), _folded(node.right, texts)
        if isinstance(left, ast.Constant) and isinstance(right, ast.Constant):
            return ast.Constant(f"{left.value}{right.value}")
    return node


def _statement(node: ast.expr | None, place: str, level: Level) -> Iterator[Statement]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        sql = prepared_form(node.value)
        if sql is not None:
            yield Statement(place, sql, level)


def _name(function: ast.expr) -> str:
    return getattr(function, "attr", None) or getattr(function, "id", "")


def all_statements() -> list[Statement]:
    return [
        statement
        for package in PACKAGES
        for file in sorted((ROOT / package).rglob("*.py"))
        for statement in statements_of(
            file.read_text("utf-8"), ".".join(file.relative_to(ROOT).with_suffix("").parts)
        )
    ]


@pytest.mark.store
async def test_the_server_prepares_every_statement(connection: Connection) -> None:
    level = await find_level(connection)
    wrong = {
        statement.place: reason
        for statement in all_statements()
        if statement.level <= level
        and (reason := await refusal(connection, statement.sql)) is not None
    }
    assert wrong == {}


def test_statements_are_found_in_constants_and_in_calls() -> None:
    places = {statement.place for statement in all_statements()}
    assert {"ingest.store.COPY_READINGS", "ingest.points.SELECT_POINTS"} <= places
    assert any(place.startswith("config.migrate:") for place in places)


def test_a_statement_may_be_a_sum_of_texts() -> None:
    source = '_ALL = "SELECT id FROM point"\nSELECT_ONE = _ALL + " WHERE id = %s" + " LIMIT 1"'
    whole, one = statements_of(source, "module")
    assert whole.sql == "SELECT id FROM point"
    assert one == Statement(
        "module.SELECT_ONE", "SELECT id FROM point WHERE id = $1 LIMIT 1", Level.PARTITIONS
    )


@pytest.mark.store
async def test_a_statement_that_names_no_column_is_refused(connection: Connection) -> None:
    source = 'SELECT_NOTHING = "SELECT no_such_column FROM reading WHERE point_id = %s"'
    [statement] = statements_of(source, "module")
    reason = await refusal(connection, statement.sql)
    assert "no_such_column" in str(reason)


@pytest.mark.parametrize(
    ("sql", "prepared"),
    [
        ("SELECT %s, %s, 5 %% 2", "SELECT $1, $2, 5 % 2"),
        ("UPDATE t SET a = %(a)s, b = %(b)s, c = %(a)s", "UPDATE t SET a = $1, b = $2, c = $1"),
        ("COPY reading (a, b) FROM STDIN (FORMAT binary)", "SELECT a, b FROM reading"),
        ("COPY (SELECT a FROM t) TO STDOUT", "SELECT a FROM t"),
        ("LISTEN channel", None),
        ("Select something for me", None),
    ],
)
def test_placeholders_become_numbers(sql: str, prepared: str | None) -> None:
    assert prepared_form(sql) == prepared
