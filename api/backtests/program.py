"""One backtest in a process of its own: `python -m api.backtests.program ID`.

It gives way to everything else on the machine, and ends with the one who started it.
"""

import asyncio
import os
import sys

from api.backtests.run import run_kept
from conditions.errors import BacktestCancelled
from config.errors import OilcanError

_NICENESS = 10


def main(backtest_id: int, database_url: str) -> int:
    """Run a backtest that waits; returns the exit code."""
    os.nice(_NICENESS)
    starter = os.getppid()

    def look(_share: float, _readings: int) -> None:
        if os.getppid() != starter:
            raise BacktestCancelled("the API that started it is gone")

    try:
        asyncio.run(run_kept(database_url, backtest_id, on_progress=look))
    except OilcanError:
        # Its row says why it ended.
        return 0
    return 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), os.environ["OILCAN_DATABASE_URL"]))
