"""A client of Oilcan's HTTP API in a few lines: how a program of yours may read it."""

import asyncio
import json
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from typing import Any
from urllib.parse import urlencode, urlsplit

from oilcan.demo.errors import ApiRefused, ApiUnavailable

_TIMEOUT_S = 5.0


@dataclass(frozen=True, slots=True)
class Api:
    """The API at `url`, asked with an API key."""

    url: str
    key: str

    async def get(self, path: str, **query: str | int) -> Any:
        """The JSON document at `/api/v1/<path>`. Raises `ApiUnavailable`, `ApiRefused`."""
        target = f"/api/v1/{path}" + (f"?{urlencode(query)}" if query else "")
        return await asyncio.to_thread(self._get, target)

    def _get(self, target: str) -> Any:
        address = urlsplit(self.url)
        connection = HTTPConnection(
            address.hostname or "127.0.0.1", address.port, timeout=_TIMEOUT_S
        )
        try:
            connection.request("GET", target, headers={"Authorization": f"Bearer {self.key}"})
            response = connection.getresponse()
            body = response.read()
        except (OSError, HTTPException) as error:
            raise ApiUnavailable(f"the API at {self.url} does not answer: {error}") from error
        finally:
            connection.close()
        if response.status >= 500:
            raise ApiUnavailable(f"GET {target}: {response.status} {response.reason}")
        if response.status >= 400:
            raise ApiRefused(f"GET {target}: {response.status} {body.decode(errors='replace')}")
        return json.loads(body)
