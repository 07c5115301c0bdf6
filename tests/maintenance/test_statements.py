"""Every statement of maintenance, as it is after its parts are joined, is one the server prepares."""

import re

import psycopg
import pytest

from config.database import Connection
from maintenance.events import store as event_links
from maintenance.figures import (
    backlog_queries,
    breakdown_queries,
    compliance_queries,
    cost_queries,
    reliability_queries,
    time_queries,
)
from maintenance.job_plans import queries as job_plans
from maintenance.job_plans import step_store
from maintenance.job_plans import store as job_plan_writes
from maintenance.knowledge import queries as articles
from maintenance.knowledge import recommendation
from maintenance.knowledge import store as article_writes
from maintenance.orders import queries, store
from maintenance.rounds import queries as walks
from maintenance.rounds import store as round_writes

pytestmark = pytest.mark.store

FIGURES = (
    backlog_queries,
    breakdown_queries,
    compliance_queries,
    cost_queries,
    reliability_queries,
    time_queries,
)

STATEMENTS = {
    f"{module.__name__}.{name}": value
    for module in (
        queries,
        store,
        event_links,
        job_plans,
        job_plan_writes,
        step_store,
        walks,
        round_writes,
        articles,
        recommendation,
        article_writes,
    )
    for name, value in vars(module).items()
    if name.isupper() and name[0] != "_" and isinstance(value, str)
}


def with_numbers(sql: str) -> str:
    """The statement with PostgreSQL's own numbered parameters."""
    names: list[str] = []

    def number(found: re.Match[str]) -> str:
        if found[1] not in names:
            names.append(found[1])
        return f"${names.index(found[1]) + 1}"

    return re.sub(r"%\((\w+)\)s", number, sql)


async def refusal(connection: Connection, sql: str) -> str | None:
    """Why the server does not prepare a statement; None where it does."""
    try:
        await connection.execute(f"PREPARE checked AS {with_numbers(sql)}".encode())
    except psycopg.Error as error:
        return str(error)
    await connection.execute("DEALLOCATE checked")
    return None


async def test_the_server_prepares_every_statement(connection: Connection) -> None:
    refused = {name: await refusal(connection, sql) for name, sql in STATEMENTS.items()}
    assert {name: why for name, why in refused.items() if why} == {}


def test_reads_and_writes_are_among_the_statements() -> None:
    assert {
        "maintenance.orders.store.RECORD",
        "maintenance.orders.queries.ORDER_BY_NUMBER",
    } <= STATEMENTS.keys()
