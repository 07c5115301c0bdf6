"""Metrics for Prometheus: our own requests, and what every role says in its statuses."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.live.status_board import StatusBoard
from config.clock import ClockUs, monotonic, now_us
from config.status import Part, Status

_NOT_IN_NAME = re.compile(r"[^a-zA-Z0-9_]")
_BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
_NO_ROUTE = "(none)"
_PARTS = MappingProxyType({"edge": "source", "ingest": "partition"})
_UP = frozenset({"connected", "reading"})
_HELP = MappingProxyType(
    {
        "up": "Is it connected, and read from?",
        "readings_total": "Readings that were read and are done with.",
        "bad_total": "Readings of bad quality.",
        "alarms_total": "Changes of alarms that devices raised by themselves.",
        "reconnects_total": "Times that the source was lost.",
        "losses_total": "Times that the device was lost.",
        "rejected_total": "Payloads and values that could not be read; they are kept aside.",
        "rejected_not_kept_total": "Rejected ones beyond what is kept of one source in a minute.",
        "unchanged_total": "Readings within their deadband, which were not sent.",
        "dropped_total": "Always 0: a log that takes nothing stops the device instead.",
        "last_reading_timestamp_seconds": "Time of the newest reading.",
        "last_received_timestamp_seconds": "When readings were received last.",
        "clock_distrusted_total": "Readings with the time of receipt: the source's was too far off.",
        "reading_age_seconds": "Age of the newest reading.",
        "clock_offset_seconds": "How far its clock is behind ours (minus: ahead), without delays.",
        "waiting_rows": "Rows that the log has not confirmed.",
        "lag_seconds": "Age of what was taken in last.",
        "rows_total": "Readings stored.",
        "late_rows_total": "Readings that came late or twice, stored or not.",
        "conflicts_total": "Readings that were there already; the first one stays.",
        "bytes_total": "Bytes of the log's records, written or taken in.",
        "unknown_rows_total": "Readings of tags without a point, which are kept for one.",
        "dead_letters_total": "Rows and payloads that became dead letters.",
    }
)


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
    """Every metric of every role, of its parts and of the devices behind them.

    `oilcan_<role>_<metric>{name}`, `oilcan_source_<metric>{name, source}`,
    `oilcan_partition_<metric>{name, partition}`, `oilcan_device_<metric>{name, source, device}`:
    each family holds one level alone, so that it can be summed.
    """

    def __init__(self, board: StatusBoard, clock: ClockUs = now_us) -> None:
        self._board = board
        self._clock = clock

    def describe(self) -> Iterable[Metric]:
        """Nothing is known before the first status."""
        return []

    def collect(self) -> Iterator[Metric]:
        """One family for each metric; what is no longer heard of is left out, `up` says so."""
        up = GaugeMetricFamily(
            "oilcan_role_up", "Was the process heard of within 5 s?", labels=["role", "name"]
        )
        families: dict[str, Metric] = {}
        now_s = self._clock() / 1e6
        for state in self._board.roles():
            up.add_metric([state.status.role, state.status.name], float(state.alive))
            if state.alive:
                for sample in _samples(state.status, now_s):
                    _add(families, sample)
        yield up
        yield from families.values()


@dataclass(frozen=True, slots=True)
class _Sample:
    """One number: the level that it is of (a role, `source`, `device`), its name and labels."""

    level: str
    name: str
    labels: Mapping[str, str]
    value: float


def _samples(status: Status, now_s: float) -> Iterator[_Sample]:
    labels = {"name": status.name}
    for name, value in status.metrics.items():
        yield _Sample(status.role, name, labels, value)
    level = _PARTS.get(status.role, "part")
    for part_name, part in status.parts.items():
        of_part = {**labels, level: part_name}
        yield from _part_samples(level, of_part, part, now_s)
        for device_name, device in part.devices.items():
            yield from _part_samples("device", {**of_part, "device": device_name}, device, now_s)


def _part_samples(
    level: str, labels: Mapping[str, str], part: Part, now_s: float
) -> Iterator[_Sample]:
    yield _Sample(level, "up", labels, float(part.state in _UP))
    for name, value in part.metrics.items():
        yield _Sample(level, name, labels, value)
    if (read_s := part.metrics.get("last_reading_timestamp_seconds")) is not None:
        yield _Sample(level, "reading_age_seconds", labels, max(0.0, now_s - read_s))


def _add(families: dict[str, Metric], sample: _Sample) -> None:
    full = f"oilcan_{sample.level}_{_NOT_IN_NAME.sub('_', sample.name)}"
    if full not in families:
        families[full] = _family(full, _HELP.get(sample.name, "As the role says in its status."))
    families[full].add_sample(full, dict(sample.labels), sample.value)


def _family(full: str, text: str) -> Metric:
    if full.endswith("_total"):
        return CounterMetricFamily(full.removesuffix("_total"), text)
    return GaugeMetricFamily(full, text)
