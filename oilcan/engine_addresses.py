"""Where database and log are: as the settings say, or the embedded ones of OILCAN_HOME."""

import json
from pathlib import Path

from config.errors import SettingsError
from config.settings import Settings
from oilcan.engines.nats_server import NatsEngine

STATE_FILE = "up.json"
"""What a running `oilcan up` says of itself, without secrets, in OILCAN_HOME."""


def find_database_url(settings: Settings) -> str:
    """URL of the database: the setting, or the embedded PostgreSQL's socket below home."""
    if settings.database_url:
        return settings.database_url
    from oilcan.engines.postgres import PostgresEngine

    return PostgresEngine(settings.home.resolve()).url


def find_log_url(settings: Settings) -> str:
    """URL of the log: the setting, or the embedded server of the `oilcan up` that runs on home.

    Raises `SettingsError` where there is neither.
    """
    if settings.log_url:
        return settings.log_url
    port = _log_port(settings.home)
    if port is None:
        raise SettingsError(
            f"no log: set OILCAN_LOG_URL, or start `oilcan up` with OILCAN_HOME={settings.home}"
        )
    return NatsEngine(settings.home.resolve(), port=port, mqtt_port=0).url


def _log_port(home: Path) -> int | None:
    try:
        state = json.loads((home / STATE_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    port = state.get("ports", {}).get("log")
    return port if isinstance(port, int) else None
