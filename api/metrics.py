"""Metrics for Prometheus: our own requests, and what every role says in its statuses."""

import re
from collections.abc import Iterable, Iterator

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.live.status_board import RoleState, StatusBoard
from config.clock import monotonic
from config.status import Status

_NOT_IN_NAME = re.compile(r"[^a-zA-Z0-9_]")
_BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
_NO_ROUTE = "(none)"


class RequestMetrics:
    """Requests by method, route and status, and how long they took."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._requests = Counter(
            "oilcan_http_requests",
            "HTTP requests answered.",
            ["method", "route", "status"],
            registry=registry,
        )
        self._seconds = Histogram(
            "oilcan_http_request_duration_seconds",
            "Time until an answer began.",
            ["method", "route"],
            buckets=_BUCKETS_S,
            registry=registry,
        )
        self.answered = 0

    def observe(self, *, method: str, route: str, status: int, seconds: float) -> None:
        """Note one answer."""
        self.answered += 1
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(method, route).observe(seconds)


class MeasuredRequests:
    """ASGI middleware that notes every answer when it begins, so a stream counts at once."""

    def __init__(self, app: ASGIApp, metrics: RequestMetrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = monotonic()

        async def measured(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._metrics.observe(
                    method=scope["method"],
                    route=getattr(scope.get("route"), "path", _NO_ROUTE),
                    status=message["status"],
                    seconds=monotonic() - started,
                )
            await send(message)

        await self._app(scope, receive, measured)


class RoleMetrics(Collector):
    """Every metric of every role's status as `oilcan_<role>_<metric>{name, part}`."""

    def __init__(self, board: StatusBoard) -> None:
        self._board = board

    def describe(self) -> Iterable[Metric]:
        """Nothing is known before the first status."""
        return []

    def collect(self) -> Iterator[Metric]:
        """One family for each metric; what is no longer heard of is left out, `up` says so."""
        up = GaugeMetricFamily(
            "oilcan_role_up", "Was the process heard of within 5 s?", labels=["role", "name"]
        )
        families: dict[str, Metric] = {}
        for state in self._board.roles():
            up.add_metric([state.status.role, state.status.name], float(state.alive))
            if state.alive:
                _add(families, state)
        yield up
        yield from families.values()


def _add(families: dict[str, Metric], state: RoleState) -> None:
    for part, name, value in _samples(state.status):
        full = f"oilcan_{state.status.role}_{_NOT_IN_NAME.sub('_', name)}"
        if full not in families:
            families[full] = _family(full)
        families[full].add_sample(full, {"name": state.status.name, "part": part}, value)


def _samples(status: Status) -> Iterator[tuple[str, str, float]]:
    """Part (empty for the process itself), metric, value."""
    for name, value in status.metrics.items():
        yield "", name, value
    for part, said in status.parts.items():
        yield part, "part_connected", float(said.state == "connected")
        for name, value in said.metrics.items():
            yield part, name, value


def _family(full: str) -> Metric:
    text = "As the role says in its status."
    if full.endswith("_total"):
        return CounterMetricFamily(full.removesuffix("_total"), text)
    return GaugeMetricFamily(full, text)
