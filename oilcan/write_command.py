"""`oilcan write`: have the API write a value to a device, and say what came of it."""

import http.client
import json
import os
import secrets
from typing import Any
from urllib.parse import quote, urlsplit

import typer

from oilcan.errors import KeyMissing, ServerRefused, ServerUnreachable

_CREATED = 201
_PATIENCE_S = 120.0


def run_write(
    tag: str, value: float, *, reason: str, server: str, key: str | None, valid_for_s: float
) -> int:
    """Print what came of the command; 0 where it is confirmed, else 1.

    Raises `KeyMissing`, `ServerUnreachable` and `ServerRefused`.
    """
    key = key or os.environ.get("OILCAN_API_KEY")
    if not key:
        raise KeyMissing("set OILCAN_API_KEY to a key whose role may write: `oilcan key create`")
    asked = {"value": value, "reason": reason, "valid_for_s": valid_for_s}
    write = _post(server, f"/api/v1/points/{quote(tag, safe='')}/writes", asked, key)
    typer.echo(told(write))
    return 0 if write["state"] == "confirmed" else 1


def told(write: dict[str, Any]) -> str:
    """A command and its outcome in words."""
    unit = "" if write["unit"] == "1" else f" {write['unit']}"
    lines = [f"write {write['id']}: {write['tag']} = {write['value']:g}{unit}: {write['state']}"]
    if write["message"]:
        lines.append(write["message"])
    if write["read_back"] is not None:
        lines.append(f"the device holds {write['read_back']:g}{unit}")
    if write["state"] in {"unknown", "sent"}:
        lines.append("look at the device before you write again: nothing is sent again by itself")
    return "\n".join(lines)


def _post(server: str, path: str, body: dict[str, object], key: str) -> dict[str, Any]:
    connection = _connection(server)
    headers = {
        "Authorization": f"Bearer {key}",
        "Content-Type": "application/json",
        "Idempotency-Key": secrets.token_hex(16),
    }
    try:
        connection.connect()
    except OSError as error:
        raise ServerUnreachable(f"nothing was sent, no server at {server}: {error}") from error
    try:
        connection.request("POST", path, json.dumps(body), headers)
        answer = connection.getresponse()
        status, text = answer.status, answer.read()
    except (OSError, http.client.HTTPException) as error:
        lost = f"the connection to {server} was lost: {error!r}"
        raise ServerUnreachable(f"{lost}. GET {path} there tells what came of it") from error
    finally:
        connection.close()
    return _checked(status, text)


def _connection(server: str) -> http.client.HTTPConnection:
    address = urlsplit(server)
    if address.scheme not in {"http", "https"} or not address.hostname or address.path.strip("/"):
        raise ServerUnreachable(f"{server} is no server: write http://host:port or https://host")
    if address.scheme == "https":
        return http.client.HTTPSConnection(address.hostname, address.port, timeout=_PATIENCE_S)
    return http.client.HTTPConnection(address.hostname, address.port, timeout=_PATIENCE_S)


def _checked(status: int, text: bytes) -> dict[str, Any]:
    try:
        answer = json.loads(text)
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        raise ServerRefused(f"the server answers {status}, and not as Oilcan does")
    if status != _CREATED:
        raise ServerRefused(f"{answer.get('title', status)}: {answer.get('detail', '')}")
    return answer
