"""Log -> committed, alone and beside a rule engine that evaluates the same rows: 10,000 rules.

Ingest as in `bench.ingest`. The engine is a process of its own, as in a plant: its rules are bound
and its kernel is loaded, and it begins with the log when ingest does. Each rule holds for a point; a
share of the readings raises.
"""

import argparse
import asyncio
import multiprocessing
import statistics
import time
from contextlib import aclosing
from dataclasses import dataclass
from multiprocessing.connection import Connection as Pipe

from bench.engines import log_in, migrated_database, running, temporary_home
from bench.harness import in_turn, publish, table
from bench.ingest import Effort, Load, fill, ingest, prepare
from conditions.evaluation import Evaluation
from conditions.rule_file import load_rules
from conditions.rule_service import apply_rules
from conditions.settings import ConditionSettings
from config.database import connect
from config.documents import parse_document
from config.log import close_log, connect_log, read
from ingest.settings import IngestSettings

BAR = 0.9
POINTS = 10_000
# Readings are normal around 50 with a deviation of 10: one in some 30,000 is above 90.
RULES = """
asset_class: C
inputs: {value: {point: value, unit: "1", max_age: 1h}}
rules:
- id: high
  value: value
  levels:
    high: {raise: "> 90", clear: "< 80", clear_for: 5m}
    medium: {raise: "> 85", clear: "< 80", for: 5m, clear_for: 5m}
"""

FORGET = "TRUNCATE engine_snapshot"


@dataclass(frozen=True, slots=True)
class Beside:
    """What the engine did in a run."""

    seconds: float
    cpu_s: float
    instances: float
    events: float


async def bring_rules(url: str) -> None:
    """Have the rules in the database."""
    rules, problems = load_rules([parse_document(RULES, "rules.yaml")], {"C": {"value": "1"}})
    assert not problems, problems
    connection = await connect(url, autocommit=True)
    async with connection.transaction():
        await apply_rules(connection, rules)
    await connection.close()


def evaluate(url: str, log_url: str, rows: int, pipe: Pipe) -> None:
    """A process: say when it is ready, wait for the word, take in all rows, and tell what it took."""
    asyncio.run(_evaluate(url, log_url, rows, pipe))


async def _evaluate(url: str, log_url: str, rows: int, pipe: Pipe) -> None:
    connection = await connect(url, autocommit=True)
    await connection.execute(FORGET)
    client = await connect_log(log_url, name="bench-rules")
    Evaluation.compile_kernel()
    evaluation = Evaluation(connection, ConditionSettings(), partition=0, partitions=1)
    await evaluation.start()
    pipe.send("ready")
    pipe.recv()
    begun, cpu = time.perf_counter(), time.process_time()
    async with aclosing(read(client, 0, evaluation.position)) as lists:
        async for some in lists:
            await evaluation.take(some) if some else await evaluation.rest()
            if evaluation.metrics()["readings_total"] >= rows:
                break
    metrics = evaluation.metrics()
    pipe.send(
        Beside(
            time.perf_counter() - begun,
            time.process_time() - cpu,
            metrics["instances"],
            metrics["events_total"],
        )
    )
    await close_log(client)
    await connection.close()


def with_rules(url: str, log_url: str, load: Load, told: list[Beside]) -> float:
    """Seconds of ingest while the engine evaluates beside it."""
    ours, theirs = multiprocessing.get_context("spawn").Pipe()
    process = multiprocessing.get_context("spawn").Process(
        target=evaluate, args=(url, log_url, load.rows, theirs)
    )
    process.start()
    theirs.close()
    try:
        ours.recv()
        ours.send("go")
        taken = asyncio.run(ingest(url, log_url, load, Effort()))
        told.append(ours.recv())
    finally:
        process.join(60)
    return taken


def measure(url: str, log_url: str, load: Load) -> str:
    """Both subjects in turn, as Markdown."""
    asyncio.run(prepare(url, log_url, load))
    asyncio.run(bring_rules(url))
    asyncio.run(fill(url, load))
    told: list[Beside] = []
    alone, beside = in_turn(
        load.runs,
        load.rows,
        [
            ("alone", lambda: asyncio.run(ingest(url, log_url, load, Effort()))),
            ("beside", lambda: with_rules(url, log_url, load, told)),
        ],
    )
    engine_s = statistics.median(one.seconds for one in told)
    cpu_us = statistics.median(one.cpu_s for one in told) / load.rows * 1e6
    head = ["ingest", "rows/s", "of that alone", "spread", "rules", "engine, rows/s"]
    head += ["engine's CPU, µs a row", "events"]
    rows = [
        ["alone", f"{alone.rate:,.0f}", "1.00", f"{alone.spread:.2f}", "0", "", "", ""],
        [
            "beside the rules",
            f"{beside.rate:,.0f}",
            f"{beside.rate / alone.rate:.2f}",
            f"{beside.spread:.2f}",
            f"{told[-1].instances:,.0f}",
            f"{load.rows / engine_s:,.0f}",
            f"{cpu_us:.2f}",
            f"{told[-1].events:,.0f}",
        ],
    ]
    return (
        f"{load.rows:,} readings of {load.points:,} points in records of {load.record_rows:,}; "
        f"medians of {load.runs}; bar {BAR} of ingest alone\n\n{table(head, rows)}"
    )


def main() -> None:
    """Measure and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=4_000_000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--dry", action="store_true", help="print only, write no page")
    options = parser.parse_args()
    with (
        temporary_home() as home,
        migrated_database(home) as url,
        running(log := log_in(home)),
    ):
        load = Load(POINTS, options.rows, 10_000, options.runs, IngestSettings().max_rows)
        text = measure(url, log.url, load)
    print(text)
    if not options.dry:
        publish("rules-beside", "python -m bench.rules_beside", text)


if __name__ == "__main__":
    main()
