"""The demo's client, against a small HTTP server."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from oilcan.demo.api_client import Api
from oilcan.demo.errors import ApiRefused, ApiUnavailable
from oilcan.engines.process import free_port

KEY = "ock_abc_secret"
PAGES = {
    "/api/v1/points/a.x/readings?start=2026-05-04T06%3A00%3A00%2B00%3A00": {"ts": []},
    "/api/v1/status": {"database": True},
}


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        allowed = self.headers["Authorization"] == f"Bearer {KEY}"
        status = 401 if not allowed else 200 if self.path in PAGES else 503
        body = json.dumps(PAGES.get(self.path, {"title": "not now"})).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def url() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


async def test_a_document_is_read_with_the_key(url: str) -> None:
    assert await Api(url, KEY).get("status") == {"database": True}


async def test_a_time_with_its_zone_arrives_whole(url: str) -> None:
    start = "2026-05-04T06:00:00+00:00"
    assert await Api(url, KEY).get("points/a.x/readings", start=start) == {"ts": []}


async def test_a_wrong_key_is_refused(url: str) -> None:
    with pytest.raises(ApiRefused, match="401"):
        await Api(url, "ock_other").get("status")


async def test_an_api_that_cannot_at_present_may_be_asked_again(url: str) -> None:
    with pytest.raises(ApiUnavailable, match="503"):
        await Api(url, KEY).get("elsewhere")


async def test_nobody_listening_is_unavailable() -> None:
    with pytest.raises(ApiUnavailable):
        await Api(f"http://127.0.0.1:{free_port()}", KEY).get("status")
