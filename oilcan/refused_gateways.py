"""Gateways that try to join this hub and are refused: read from what the log's server says of them.

The server knows the name of a login that it refuses, and of a link that fails before that only where
it came from.
"""

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass

from config.clock import ClockUs, from_us, now_us
from config.status import Part, Status

_REFUSED = re.compile(
    r"\[ERR\] (?P<address>\S+):\d+ - lid:\d+ - "
    r'(?:authentication error - User "(?P<user>.*)"|TLS leafnode handshake error: (?P<tls>.*))'
)
_LET_IN = re.compile(r' - lid:\d+ - JetStream using domains: .* remote "gateway-([A-Za-z0-9_-]+)"')
_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_NO_NAME = "(no name)"
_LONGEST_REASON = 200
_MOST = 100
_TRYING_US = 60_000_000
"""A gateway's server tries again each second."""
_KEPT_US = 86_400_000_000
_NEWS_US = 10_000_000


@dataclass(frozen=True, slots=True)
class Refusal:
    """Who is refused: a gateway by its name, or an address; why, when last and how often in a row."""

    who: str
    reason: str
    last_us: int
    times: int = 1

    def __str__(self) -> str:
        last = f"{from_us(self.last_us):%Y-%m-%d %H:%M:%S} UTC"
        return f"refused, {self.times} times until {last}: {self.reason}"


class RefusedGateways:
    """Who was refused last, until it is let in; bounded, whoever tries under whatever names."""

    def __init__(self, known: Callable[[], Collection[str]], clock: ClockUs = now_us) -> None:
        """`known` gives the names of the gateways that are let in."""
        self._known = known
        self._clock = clock
        self._refusals: dict[str, Refusal] = {}
        self._told_us: dict[str, int] = {}

    @property
    def refusals(self) -> list[Refusal]:
        """Those of the last day who were not let in since, by name."""
        since = self._clock() - _KEPT_US
        kept = [one for one in self._refusals.values() if one.last_us >= since]
        return sorted(kept, key=lambda one: one.who)

    def hear(self, line: str) -> bool:
        """Take in a line of the log's server; is it news, at most every few seconds for each?"""
        if (found := _LET_IN.search(line)) is not None:
            return self._refusals.pop(found[1], None) is not None
        if (found := _REFUSED.search(line)) is None:
            return False
        return self._note(*self._told_of(found))

    def status(self) -> Status:
        """The hub's word on its gateways: unwell while one tries and is refused."""
        now = self._clock()
        trying = [one for one in self.refusals if now - one.last_us <= _TRYING_US]
        message = "; ".join(f"gateway {one.who} is refused: {one.reason}" for one in trying[:3])
        more = f"; {len(trying) - 3} more" if len(trying) > 3 else ""
        parts = {one.who: Part("refused", str(one)) for one in trying}
        return Status("hub", "gateways", now, not trying, message + more, parts=parts)

    def _told_of(self, found: re.Match[str]) -> tuple[str, str]:
        """Who is refused, and why, in words that say what to mend."""
        user = found["user"]
        if user is None:
            return found["address"], f"no encrypted link: {found['tls'][:_LONGEST_REASON]}"
        if not _NAME.fullmatch(user):
            return found["address"], "it gives no gateway's name"
        if user in self._known():
            return user, "its password is another: `oilcan gateway add` prints the present one"
        return user, "no gateway of this name is let in: see `oilcan gateway add`"

    def _note(self, who: str, reason: str) -> bool:
        now, before = self._clock(), self._refusals.pop(who, None)
        same = before is not None and before.reason == reason
        times = before.times + 1 if before is not None and same else 1
        self._refusals[who] = Refusal(who, reason, now, times)
        while len(self._refusals) > _MOST:
            gone = next(iter(self._refusals))
            del self._refusals[gone]
            self._told_us.pop(gone, None)
        if same and now - self._told_us.get(who, 0) < _NEWS_US:
            return False
        self._told_us[who] = now
        return True
