"""Why a gateway has no link to its hub although the hub is there: read from what its server says."""

import re

from config.diagnostics import logger

_COMPLAINT = re.compile(r"\[ERR\] .*(?:TLS leafnode handshake error: (.*)|Leafnode Error '(.*)')")

log = logger(__name__)


def refusal(line: str) -> str | None:
    """What a line of the gateway's server means for whoever has to mend it; None: nothing."""
    found = _COMPLAINT.search(line)
    if found is None:
        return None
    handshake, said = found.groups()
    if handshake:
        return f"the hub's certificate is not trusted, see OILCAN_HUB_CA: {handshake}"
    if said == "Authorization Violation":
        return "the hub does not know the login in OILCAN_HUB, see `oilcan gateway list` there"
    return f"the hub said: {said}"


class RefusalLog:
    """Tells each reason once, however often the server tries and fails."""

    def __init__(self) -> None:
        self._told = ""

    def hear(self, line: str) -> None:
        """Take in a line of the server."""
        reason = refusal(line)
        if reason and reason != self._told:
            log.warning("no link to the hub, keeping what is read", reason=reason)
            self._told = reason
