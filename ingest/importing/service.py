"""Take a file of readings into the store: at the speed of COPY, a block in each transaction.

Readings go straight into the table, not through the log: rules do not judge what is imported.
What is there already stays as it is.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

import numpy as np
import psycopg

from config.database import Connection, connect
from config.migrate import require_schema
from config.suggestion import did_you_mean
from edge.wire import ReadingColumns
from ingest.chunks import DAY_US, ensure_days
from ingest.column import accept_columns
from ingest.errors import ImportRefused
from ingest.importing import store
from ingest.importing.chunk import Chunk, Reject, read_block
from ingest.importing.files import Block, ReadingFile, digest_of, open_reading_file
from ingest.importing.layout import Layout, Reading, Wide, find_layout, unknown_columns
from ingest.importing.rejects import RejectFile
from ingest.importing.store import Progress
from ingest.point import Point
from ingest.point_columns import PointColumns
from ingest.points import load_points
from ingest.sorting import NEVER, Rows, Span, bind, sort_readings

# A transaction holds a lock for each day's partition that it touches; the server's table is finite.
_DAYS_AT_ONCE = 64


class Mode(StrEnum):
    """What an import does with what it reads."""

    STORE = "store"
    DRY_RUN = "dry run"
    """Read and check everything, store nothing."""


@dataclass(frozen=True, slots=True)
class Imported:
    """What came of a file: `known` readings were there before, `again` says all of them were."""

    path: Path
    progress: Progress
    points: int
    bounds: tuple[int, int] | None
    """Times of the first and last reading of this run, in µs since 1970."""
    rejects: Path | None
    again: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """One file, how it is read, and where what is not taken goes."""

    path: Path
    reading: Reading
    rejects: Path
    span: Span


async def import_file(
    database_url: str,
    plan: Plan,
    *,
    mode: Mode,
    on_bytes: Callable[[int, int], None] = lambda _read, _size: None,
) -> Imported:
    """Import one file, going on where an import of the same file was broken off.

    `on_bytes` is told how many bytes of how many have been read. Raises `ImportRefused`,
    `DatabaseUnavailable`, `DatabaseOutdated`.
    """
    file = await asyncio.to_thread(open_reading_file, plan.path, delimiter=plan.reading.delimiter)
    layout = find_layout(file.columns, plan.reading)
    async with await connect(database_url, autocommit=True) as connection:
        await require_schema(connection)
        accept_columns(connection)
        points = {point.tag: point for point in await load_points(connection)}
        if isinstance(layout, Wide):
            _refuse_unknown(plan.path, layout, points)
        run = _Import(connection, plan, points, on_bytes)
        return await (run.look if mode is Mode.DRY_RUN else run.store)(file, layout)


@asynccontextmanager
async def _alone(connection: Connection, digest: str, path: Path) -> AsyncIterator[None]:
    if not await store.try_lock(connection, digest):
        raise ImportRefused(f"{path} is being imported by another process")
    try:
        yield
    finally:
        if not connection.broken:
            await store.unlock(connection, digest)


@dataclass(frozen=True, slots=True, eq=False)
class Taken:
    """What of a chunk is offered to the store, by point and time, and what is not."""

    rows: Rows
    doubled: int
    rejects: list[Reject]


def take(chunk: Chunk, points: PointColumns, span: Span) -> Taken:
    """Sort a chunk: readings of points, within the times that are kept, each once."""
    bound = bind(ReadingColumns.of(chunk.readings), points)
    found = sort_readings(bound, np.full(len(points), NEVER), span)
    rejects = list(chunk.rejects)
    for rows, problem in (
        (found.unknown, "there is no such point"),
        (found.early, "older than readings are kept"),
        (found.ahead, "too far in the future"),
    ):
        rejects += [chunk.reject(int(row), problem) for row in rows]
    rejects.sort(key=lambda reject: reject.line)
    return Taken(found.new, found.doubled, rejects)


class _Import:
    """One run over one file."""

    def __init__(
        self,
        connection: Connection,
        plan: Plan,
        points: Mapping[str, Point],
        on_bytes: Callable[[int, int], None],
    ) -> None:
        self._connection = connection
        self._plan = plan
        self._points = PointColumns.of(points.values())
        self._on_bytes = on_bytes
        self._seen: set[int] = set()
        self._bounds: tuple[int, int] | None = None

    async def look(self, file: ReadingFile, layout: Layout) -> Imported:
        """Read everything and store nothing; `stored` is how many would be offered."""
        progress = Progress()
        async with self._rejects(0) as rejects:
            async for chunk, taken in self._chunks(file, layout, after=0):
                await asyncio.to_thread(rejects.write, taken.rejects)
                progress = _advance(progress, chunk, taken, len(taken.rows), rejects)
        return self._imported(progress)

    async def store(self, file: ReadingFile, layout: Layout) -> Imported:
        """Store what is behind the line that an earlier run came to, if there was one."""
        digest = await asyncio.to_thread(digest_of, self._plan.path, self._plan.reading.manner)
        async with _alone(self._connection, digest, self._plan.path):
            before = await store.find_progress(self._connection, digest)
            if before.finished_at is not None:
                return Imported(self._plan.path, before, 0, None, None, again=True)
            return self._imported(await self._store(file, layout, digest, before))

    async def _store(
        self, file: ReadingFile, layout: Layout, digest: str, before: Progress
    ) -> Progress:
        progress, name = before, self._plan.path.name
        async with self._rejects(before.rejects_bytes) as rejects:
            async for chunk, taken in self._chunks(file, layout, after=before.lines):
                # On the disk before progress moves past them; what is written twice is cut off.
                await asyncio.to_thread(rejects.write, taken.rejects)
                ahead, rows, days = await self._store_ahead(taken.rows)
                async with self._connection.transaction():
                    await ensure_days(self._connection, days)
                    stored = ahead + await self._copy(rows)
                    progress = _advance(progress, chunk, taken, stored, rejects)
                    await store.write_progress(
                        self._connection, digest, name, progress, finished=False
                    )
        async with self._connection.transaction():
            await store.write_progress(self._connection, digest, name, progress, finished=True)
        return progress

    async def _store_ahead(self, rows: Rows) -> tuple[int, Rows, list[int]]:
        """Store all but the last days of rows that are scattered over very many.

        Returns how many were stored, what is left, and its days. A crash in between repeats it,
        and what is there already stays as it is.
        """
        days: list[int] = np.unique(rows.ts // DAY_US).tolist()
        stored = 0
        while len(days) > _DAYS_AT_ONCE:
            some, days = days[:_DAYS_AT_ONCE], days[_DAYS_AT_ONCE:]
            inside = rows.ts // DAY_US <= some[-1]
            async with self._connection.transaction():
                await ensure_days(self._connection, some)
                stored += await self._copy(rows.take(inside))
            rows = rows.take(~inside)
        return stored, rows, days

    async def _copy(self, rows: Rows) -> int:
        if not len(rows):
            return 0
        try:
            return await store.store_rows(self._connection, rows)
        except (psycopg.DataError, psycopg.IntegrityError) as error:
            raise ImportRefused(f"{self._plan.path}: the database refuses it: {error}") from error

    async def _chunks(
        self, file: ReadingFile, layout: Layout, *, after: int
    ) -> AsyncIterator[tuple[Chunk, Taken]]:
        """The chunks behind a line; the next is read while one is being stored."""
        blocks = file.blocks()
        following = asyncio.create_task(asyncio.to_thread(self._next, blocks, layout, after))
        try:
            while (found := await following) is not None:
                following = asyncio.create_task(
                    asyncio.to_thread(self._next, blocks, layout, after)
                )
                self._note(found[1].rows)
                yield found
                self._on_bytes(file.bytes_read, file.size)
        finally:
            # A thread cannot be cancelled, and it still reads the file.
            await asyncio.wait([following])

    def _next(
        self, blocks: Iterator[Block], layout: Layout, after: int
    ) -> tuple[Chunk, Taken] | None:
        for block in blocks:
            if block.last_line > after:
                chunk = read_block(block, layout, self._plan.reading)
                return chunk, take(chunk, self._points, self._plan.span)
        return None

    def _note(self, rows: Rows) -> None:
        if len(rows):
            self._seen.update(np.unique(rows.point_id).tolist())
            first, last = self._bounds or (rows.ts.min(), rows.ts.max())
            self._bounds = int(min(first, rows.ts.min())), int(max(last, rows.ts.max()))

    @asynccontextmanager
    async def _rejects(self, length: int) -> AsyncIterator[RejectFile]:
        rejects = RejectFile(self._plan.rejects, length=length)
        try:
            yield rejects
        finally:
            rejects.close()

    def _imported(self, progress: Progress) -> Imported:
        rejects = self._plan.rejects if progress.rejected else None
        return Imported(self._plan.path, progress, len(self._seen), self._bounds, rejects)


def _advance(
    progress: Progress, chunk: Chunk, taken: Taken, stored: int, rejects: RejectFile
) -> Progress:
    return replace(
        progress,
        lines=chunk.block.last_line,
        stored=progress.stored + stored,
        known=progress.known + taken.doubled + len(taken.rows) - stored,
        rejected=progress.rejected + len(taken.rejects),
        rejects_bytes=rejects.length,
    )


def _refuse_unknown(path: Path, layout: Wide, points: Mapping[str, Point]) -> None:
    """A column of a wide file that stands for no point is a mistake in all of its rows."""
    unknown = unknown_columns(layout, points)
    if unknown:
        told = "; ".join(
            f"{name!r}: {did_you_mean(layout.tag_of[name], tuple(points))}".rstrip(": ")
            for name in unknown[:10]
        )
        more = f" and {len(unknown) - 10} more" if len(unknown) > 10 else ""
        raise ImportRefused(
            f"{path}:1: columns that are no point: {told}{more}. Say which point a column is with"
            " --map 'COLUMN=TAG', or leave it out with --skip COLUMN"
        )
