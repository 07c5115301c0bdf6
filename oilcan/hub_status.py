"""The hub's word on its gateways, told like every role's."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from config.log import close_log, connect_log
from config.retry import keep_running
from config.status import EVERY_S, send_status
from config.tasks import end_tasks
from oilcan.refused_gateways import RefusedGateways


@asynccontextmanager
async def telling(log_url: str, refused: RefusedGateways) -> AsyncIterator[None]:
    """Tell each second who is refused, until the block is left; the log may come and go."""
    task = asyncio.create_task(
        keep_running(lambda: _tell(log_url, refused), name="status of the hub")
    )
    try:
        yield
    finally:
        await end_tasks([task])


async def _tell(log_url: str, refused: RefusedGateways) -> None:
    client = await connect_log(log_url, name="oilcan up")
    try:
        while True:
            await send_status(client, refused.status())
            await asyncio.sleep(EVERY_S)
    finally:
        await close_log(client)
