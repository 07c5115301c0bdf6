"""Who may join a hub as its gateway: a name and a password each, in a file of the hub's home."""

import json
import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from config.errors import EngineError

FILE = "gateways.json"


@dataclass(frozen=True, slots=True)
class GatewayLogins:
    """The gateways of the hub of `home`, each by its edge's name."""

    home: Path

    def passwords(self) -> dict[str, str]:
        """Password by name. Raises `EngineError` where the file cannot be read."""
        if not self._file.exists():
            return {}
        try:
            kept: dict[str, str] = json.loads(self._file.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise EngineError(f"{self._file} cannot be read: {error}") from error
        return kept

    def names(self) -> frozenset[str]:
        """Who is let in; nobody where the file cannot be read."""
        with suppress(EngineError):
            return frozenset(self.passwords())
        return frozenset()

    def admit(self, name: str) -> str:
        """The password of a gateway; made, and kept, where it has none yet."""
        kept = self.passwords()
        if name not in kept:
            self._keep(kept | {name: secrets.token_urlsafe(24)})
        return self.passwords()[name]

    def shut_out(self, name: str) -> bool:
        """Forget a gateway; False where there was none of that name."""
        kept = self.passwords()
        if name not in kept:
            return False
        del kept[name]
        self._keep(kept)
        return True

    def _keep(self, passwords: Mapping[str, str]) -> None:
        self.home.mkdir(parents=True, exist_ok=True)
        draft = self._file.with_suffix(".new")
        draft.touch(mode=0o600)
        draft.write_text(json.dumps(passwords, indent=2) + "\n", encoding="utf-8")
        draft.replace(self._file)

    @property
    def _file(self) -> Path:
        return self.home / FILE
