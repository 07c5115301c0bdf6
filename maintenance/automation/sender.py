"""Sends one message: a signed webhook over HTTP, a letter, or whatever Apprise speaks to."""

import asyncio
import json
import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import apprise
import httpx
from apprise.result import AppriseResultStatus
from standardwebhooks import Webhook

from maintenance.automation.channel import ChannelKind
from maintenance.automation.delivery import Outcome, outcome_of_status
from maintenance.automation.post import post
from maintenance.requests.mail.judgement import PROGRAM

TIMEOUT_S = 20.0
"""No attempt lasts longer."""


async def send(message: Mapping[str, Any], *, http: httpx.AsyncClient, at: datetime) -> Outcome:
    """Try once to send a claimed message (`store.claim`); never raises for what its end does."""
    if message["kind"] == ChannelKind.WEBHOOK:
        return await _post(message, http, at)
    if message["kind"] == ChannelKind.PEOPLE:
        return await asyncio.to_thread(post, message, at)
    return await asyncio.to_thread(_apprise, message)


async def _post(message: Mapping[str, Any], http: httpx.AsyncClient, at: datetime) -> Outcome:
    body = json.dumps(
        {
            "type": message["topic"],
            "timestamp": message["created_at"].isoformat(),
            "data": {
                "title": message["title"],
                "text": message["text"],
                **message["payload"],
            },
        },
        ensure_ascii=False,
    )
    name = f"msg_{message['id'].hex}"
    headers = {
        "content-type": "application/json",
        "webhook-id": name,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(message["secret"]).sign(name, at, body),
    }
    try:
        answer = await http.post(message["address"], content=body.encode(), headers=headers)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return Outcome(f"no answer: {error!r}", retry=True)
    return outcome_of_status(answer.status_code, retry_after_s=_seconds(answer.headers))


def _seconds(headers: Mapping[str, str]) -> float | None:
    """Retry-After as seconds; its other form, a date, is left to our own schedule."""
    text = headers.get("retry-after", "")
    return float(text) if text.isdecimal() else None


def _apprise(message: Mapping[str, Any]) -> Outcome:
    service = apprise.Apprise.instantiate(
        message["address"], asset=apprise.AppriseAsset(app_id=PROGRAM)
    )
    if service is None:
        return Outcome("Apprise does not know the address")
    sender = apprise.Apprise()
    sender.add(service)
    told: list[str] = []
    result = sender.notify(
        title=message["title"],
        body=message["text"],
        timeout=TIMEOUT_S,
        log_callback=lambda entry, _: told.append(entry.message),
        log_level=logging.WARNING,
    )
    if result.status is AppriseResultStatus.SUCCESS:
        return Outcome()
    if result.status is AppriseResultStatus.TIMEOUT:
        return Outcome("no answer in time: it may have been sent", uncertain=True)
    return Outcome(told[-1] if told else "Apprise could not send it", retry=True)
