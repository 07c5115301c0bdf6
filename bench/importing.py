"""Files of readings imported, against raw binary COPY of the same rows.

The same rows go into the same table with the same unique index. Imports begin with a file on the
disk and an empty table, read, check and commit with their progress; COPY begins with its bytes
ready in memory, sorted, in transactions of the blocks' size.

Uses an embedded PostgreSQL of its own (with fsync), or the database in OILCAN_BENCH_DATABASE_URL,
whose table `reading` it empties.
"""

import argparse
import asyncio
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as csv
import pyarrow.parquet as pq

from bench.engines import describe, log_in, migrated_database, running, temporary_home
from bench.harness import in_turn, publish, table
from bench.ingest import Effort, Load, batches, copy_raw, empty, fill, prepare
from config.database import connect
from edge.reading import ReadingBatch
from ingest.importing.layout import Reading
from ingest.importing.service import Mode, Plan, import_file
from ingest.sorting import Span

_BLOCK_ROWS = 100_000
_ALL = Span(0, 2**55)


def write_files(folder: Path, load: Load) -> dict[str, Path]:
    """The load as a long CSV, a wide CSV and a Parquet file."""
    batch = ReadingBatch.concatenate(list(batches(load)))
    tag = pa.DictionaryArray.from_arrays(batch.tag_index, pa.array(batch.tags))
    ts = pa.array(batch.ts, pa.timestamp("us", "UTC"))
    long = pa.table({"time": ts, "tag": tag, "value": batch.value})
    every = load.points
    wide = {"time": ts[::every]} | {
        name: pa.array(batch.value[number::every]) for number, name in enumerate(batch.tags)
    }
    files = {form: folder / f"{form}" for form in ("long.csv", "wide.csv", "long.parquet")}
    csv.write_csv(long.set_column(1, "tag", tag.dictionary_decode()), files["long.csv"])
    csv.write_csv(pa.table(wide), files["wide.csv"])
    pq.write_table(long, files["long.parquet"])
    return files


def import_one(url: str, load: Load, path: Path) -> float:
    """Seconds that an import takes, from an empty table."""
    return asyncio.run(_import_one(url, load, path))


async def _import_one(url: str, load: Load, path: Path) -> float:
    await empty(url, load)
    async with await connect(url, autocommit=True) as connection:
        await connection.execute("TRUNCATE import_file")
    plan = Plan(path, Reading(), path.with_suffix(".rejects"), _ALL)
    begun = time.perf_counter()
    imported = await import_file(url, plan, mode=Mode.STORE)
    taken = time.perf_counter() - begun
    assert imported.progress.rejected == 0
    return taken


def report(url: str, log_url: str, folder: Path, load: Load) -> str:
    """Measure; the figures as Markdown."""
    files = write_files(folder, load)
    buffers = asyncio.run(prepare(url, log_url, load))
    asyncio.run(fill(url, load))
    subjects = [("raw binary COPY", lambda: asyncio.run(copy_raw(url, load, buffers, Effort())))]
    subjects += [
        (form, lambda path=path: import_one(url, load, path)) for form, path in files.items()
    ]
    raw, *imports = in_turn(load.runs, load.rows, subjects)
    rows = [[raw.name, f"{raw.rate:,.0f}", "1", f"{raw.spread:.2f}"]]
    rows += [
        [item.name, f"{item.rate:,.0f}", f"{item.rate / raw.rate:.2f}", f"{item.spread:.2f}"]
        for item in imports
    ]
    return (
        f"{asyncio.run(describe(url))}; {load.rows:,} readings of {load.points:,} points; medians "
        f"of {load.runs}\n\n{table(['file', 'readings/s', 'ratio', 'spread'], rows)}"
    )


def main() -> None:
    """Measure and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--points", type=int, default=100)
    parser.add_argument("--rows", type=int, default=4_000_000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--dry", action="store_true", help="print only, write no page")
    options = parser.parse_args()
    with (
        temporary_home() as home,
        migrated_database(home, "OILCAN_BENCH_DATABASE_URL") as url,
        running(log := log_in(home)),
    ):
        load = Load(options.points, options.rows, 10_000, options.runs, _BLOCK_ROWS)
        text = report(url, log.url, home, load)
    print(text)
    if not options.dry:
        publish("importing", "python -m bench.importing", text)


if __name__ == "__main__":
    main()
