"""Run a bench on a real TimescaleDB (Apache edition) that keeps what it commits.

    python -m bench.on_timescale bench.ingest --points 500

The server is that of tests/timescale.py, with fsync; it needs what that needs. The bench finds it in
OILCAN_BENCH_DATABASE_URL.
"""

import os
import subprocess
import sys

from tests.timescale import make_root, missing, timescaledb

_SETTINGS = ("-c", "shared_buffers=256MB", "-c", "max_wal_size=4GB")
"""As the embedded PostgreSQL has them."""


def main() -> int:
    """Run the module named first, with the arguments behind it; its exit code."""
    if (lack := missing()) is not None:
        sys.stderr.write(f"bench.on_timescale: {lack}\n")
        return 1
    make_root()
    with timescaledb(*_SETTINGS) as url:
        environment = {**os.environ, "OILCAN_BENCH_DATABASE_URL": url}
        return subprocess.run(
            [sys.executable, "-m", *sys.argv[1:]], env=environment, check=False
        ).returncode


if __name__ == "__main__":
    sys.exit(main())
