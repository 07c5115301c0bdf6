"""What the tests of collectors share: a sink that remembers, and a collector that runs."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from config.tasks import end_tasks
from edge.collector import Collector, Sink
from edge.supervisor import keep_collecting
from tests.edge.gateway_line import Line, make_line
from tests.edge.memory import Collecting, Memory


@asynccontextmanager
async def _collecting(collector: Collector, sink: Sink) -> AsyncIterator[None]:
    task = asyncio.create_task(keep_collecting(collector, sink))
    try:
        yield
        if task.done():
            task.result()
    finally:
        # Once is not always enough: a library that is just closing may take it for its own.
        await end_tasks([task])


@pytest.fixture
async def memory() -> Memory:
    return Memory()


@pytest.fixture
def collecting() -> Collecting:
    """Run a collector, again after each loss, until the end of the block."""
    return _collecting


@pytest.fixture
def line(tmp_path: Path) -> Iterator[Line]:
    """A hub and a gateway that is let in, not started."""
    made = make_line(tmp_path)
    yield made
    made.gateway.kill()
    made.hub.kill()
