"""Why there is no link to a hub is told once, in words that say what to mend."""

import pytest
from structlog.testing import capture_logs

from oilcan.hub_refusal import RefusalLog, refusal

_AT = "[7] 2026/11/23 15:12:24.134564 "
_HANDSHAKE = (
    _AT + "[ERR] 127.0.0.1:7422 - lid:7 - TLS leafnode handshake error: tls: failed to verify "
    "certificate: x509: certificate signed by unknown authority"
)
_LOGIN = _AT + "[ERR] 127.0.0.1:7422 - lid:7 - Leafnode Error 'Authorization Violation'"


def test_a_certificate_that_is_not_trusted_is_told_with_the_setting() -> None:
    reason = refusal(_HANDSHAKE)
    assert reason is not None
    assert "OILCAN_HUB_CA" in reason
    assert reason.endswith("signed by unknown authority")


def test_a_login_that_the_hub_does_not_know_is_told_with_the_setting() -> None:
    assert "login in OILCAN_HUB" in (refusal(_LOGIN) or "")


@pytest.mark.parametrize(
    "line",
    [
        "",
        "[INF] 127.0.0.1:7422 - lid:7 - Leafnode connection closed: Client Closed",
        '[ERR] Error trying to connect as leafnode to remote server "hub:7422" (attempt 1): refused',
    ],
)
def test_a_hub_that_is_only_away_refuses_nothing(line: str) -> None:
    assert refusal(_AT + line) is None


def test_each_reason_is_told_once() -> None:
    heard = RefusalLog()
    with capture_logs() as logs:
        for line in (_HANDSHAKE, _HANDSHAKE, _LOGIN, _LOGIN):
            heard.hear(line)
    assert len(logs) == 2
