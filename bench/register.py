"""Lists of the asset register at 1,000 and at 100,000 assets: does a page cost the same?

    python -m bench.register

Starts an embedded PostgreSQL of its own. Milliseconds are medians of the statement as the API sends
it, on one connection, without HTTP.
"""

import argparse
import asyncio
import statistics
import time

from bench.engines import migrated_database, temporary_home
from bench.harness import publish, table
from config.clock import now
from config.database import Connection, connect
from maintenance.register.asset import By, Criticality, OperatingState
from maintenance.register.exchange import export_assets, import_assets
from maintenance.register.queries import AssetFilters, above, count_children, list_assets

_PAGE = 101
_PER_UNIT = 50
_UNITS_PER_AREA = 20

FILL = """
WITH site AS (INSERT INTO site (code, name) VALUES ('S', 'Site') RETURNING id),
     class AS (
         INSERT INTO asset_class (code, name)
         SELECT 'class-' || n, 'Class ' || n FROM generate_series(0, 19) AS n RETURNING id, code
     )
INSERT INTO asset (tag, name, class_id, site_id, criticality, kept_in)
SELECT CASE WHEN n %% 1000 = 0 THEN 'AREA-' WHEN n %% 50 = 0 THEN 'UNIT-' ELSE 'M-' END
           || lpad(n::text, 6, '0'),
       (ARRAY['Pump', 'Fan', 'Motor', 'Valve', 'Conveyor'])[1 + n %% 5] || ' of line ' || n / 1000,
       class.id, site.id, (ARRAY['A', 'B', 'C'])[1 + n %% 3], 'database'
  FROM generate_series(0, %s - 1) AS n, site, class
 WHERE class.code = 'class-' || n %% 20
"""

HANG = """
UPDATE asset SET parent_id = parent.id
  FROM asset AS parent
 WHERE (asset.tag LIKE 'M-%' AND parent.tag = 'UNIT-'
        || lpad((right(asset.tag, 6)::int / 50 * 50)::text, 6, '0'))
    OR (asset.tag NOT LIKE 'AREA-%' AND parent.tag = 'AREA-'
        || lpad((right(asset.tag, 6)::int / 1000 * 1000)::text, 6, '0')
        AND (asset.tag LIKE 'UNIT-%' OR right(asset.tag, 6)::int % 1000 < 50))
"""


def pages(area: str) -> dict[str, AssetFilters]:
    """What planners look for; an area has 1,000 assets at either size."""
    return {
        "first page of all": AssetFilters(),
        "roots": AssetFilters(roots=True),
        "parts of one": AssetFilters(parent=area),
        "one class": AssetFilters(asset_class="class-7"),
        "site and criticality": AssetFilters(site="S", criticality=Criticality.A),
        "none in this state": AssetFilters(operating_state=OperatingState.DOWN),
        "fragment of a tag": AssetFilters(words="000477"),
        "frequent words": AssetFilters(words="pump line"),
        "words that nothing has": AssetFilters(words="gearbox"),
        "subtree of 1,000": AssetFilters(subtree=area),
        "words in a subtree": AssetFilters(subtree=area, words="valve"),
    }


async def measure(url: str, assets: int, repeats: int) -> dict[str, float]:
    """Median milliseconds of each question at a size; and seconds of a table out and in."""
    async with await connect(url, autocommit=True) as connection:
        await connection.execute(FILL, [assets])
        await connection.execute(HANG)
        await connection.execute("VACUUM ANALYZE asset")
        found = {
            name: await _median(
                repeats, lambda filters=filters: list_assets(connection, filters, limit=_PAGE)
            )
            for name, filters in pages("AREA-000000").items()
        }
        found["what stands above one"] = await _median(
            repeats, lambda: above(connection, "M-000777")
        )
        found["parts of a page counted"] = await _median(
            repeats, lambda: count_children(connection, [f"UNIT-{n * 50:06}" for n in range(1, 20)])
        )
        found |= await _table(connection)
    return found


async def _median(repeats: int, ask: object) -> float:
    taken = []
    for _ in range(repeats):
        start = time.perf_counter()
        await ask()  # type: ignore[operator]
        taken.append((time.perf_counter() - start) * 1e3)
    return statistics.median(taken)


async def _table(connection: Connection) -> dict[str, float]:
    start = time.perf_counter()
    text = await export_assets(connection)
    written = time.perf_counter()
    await import_assets(connection, text, by=By("bench", now()))
    read = time.perf_counter()
    return {"table out, all": (written - start) * 1e3, "table in again": (read - written) * 1e3}


def main() -> None:
    """Measure both sizes, print, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--assets", type=int, default=100_000)
    parser.add_argument("--repeats", type=int, default=50)
    parser.add_argument("--print-only", action="store_true")
    given = parser.parse_args()
    sizes = (1_000, given.assets)
    found = [_at(size, given.repeats) for size in sizes]
    rows = [[name, *(f"{each[name]:,.1f}" for each in found)] for name in found[0]]
    text = table(["question", *(f"{size:,} assets, ms" for size in sizes)], rows)
    print(text)
    if not given.print_only:
        publish("register", "python -m bench.register", text)


def _at(size: int, repeats: int) -> dict[str, float]:
    with temporary_home() as home, migrated_database(home) as url:
        return asyncio.run(measure(url, size, repeats))


if __name__ == "__main__":
    main()
