"""The life of a message: tried, tried again later, given up. Pure.

    waiting -> sending -> sent
       ^          |-----> waiting      it failed, and may be tried again
       |          |-----> given_up     it failed for good, or too often
       |          +-----> uncertain    no answer in time, or the process died on the way
    waiting -> in_digest               another message tells of it

A webhook that is uncertain is sent again: the receiver knows it by its id. Other channels have no
such id, so what may have been told is not told twice; a person sees it and decides.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

RETRY_AFTER = tuple(
    timedelta(seconds=seconds)
    for seconds in (5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
)
"""Waits between attempts, as the Standard Webhooks specification proposes: three days in all."""


class DeliveryState(StrEnum):
    """Where a message is in its life."""

    WAITING = "waiting"
    SENDING = "sending"
    SENT = "sent"
    IN_DIGEST = "in_digest"
    UNCERTAIN = "uncertain"
    GIVEN_UP = "given_up"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of an attempt. `error` is empty where it was sent.

    `retry`: it may work later. `gone`: the receiver wants nothing more, ever. `uncertain`: it may
    have been sent.
    """

    error: str = ""
    retry: bool = False
    gone: bool = False
    uncertain: bool = False
    retry_after: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Settled:
    """The state that follows from an outcome, and when to try again."""

    state: DeliveryState
    not_before: datetime


def settle(outcome: Outcome, *, attempts: int, at: datetime) -> Settled:
    """What becomes of a message after its n-th attempt."""
    if not outcome.error:
        return Settled(DeliveryState.SENT, at)
    if outcome.uncertain:
        return Settled(DeliveryState.UNCERTAIN, at)
    if not outcome.retry or attempts > len(RETRY_AFTER):
        return Settled(DeliveryState.GIVEN_UP, at)
    wait = max(RETRY_AFTER[attempts - 1], outcome.retry_after or timedelta())
    return Settled(DeliveryState.WAITING, at + wait)


def outcome_of_status(status: int, *, retry_after_s: float | None = None) -> Outcome:
    """What an answer's HTTP status means for a webhook."""
    if 200 <= status < 300:
        return Outcome()
    error = f"the receiver answered {status}"
    if status == 410:
        return Outcome(error, gone=True)
    wait = None if retry_after_s is None else timedelta(seconds=retry_after_s)
    return Outcome(error, retry=True, retry_after=wait)
