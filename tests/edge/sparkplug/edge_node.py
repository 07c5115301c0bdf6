"""An edge node of the tests: says what it is told to, in order, with aliases after the birth."""

from dataclasses import dataclass, field, replace

from edge.sparkplug.payload import DataType, Metric, Payload, Value, encode, metric_of

START = 1_700_000_000_000_000
SECOND = 1_000_000
Sent = tuple[str, bytes]


@dataclass
class Signal:
    """A metric of a node or device, as its births tell it."""

    name: str
    datatype: DataType
    value: Value
    alias: int | None = None


@dataclass
class SimulatedNode:
    """The messages of one edge node; `now_ms` is the time of its clock."""

    signals: dict[str, list[Signal]]
    """Of the node, under "", and of each device."""
    group: str = "Plant1"
    node: str = "Line1"
    bd_seq: int = 0
    seq: int = 0
    now_ms: int = START // 1000
    numbered: bool = True
    extra: tuple[Metric, ...] = field(default=())

    def births(self) -> list[Sent]:
        """NBIRTH and every DBIRTH."""
        self.seq = 0
        session = metric_of("bdSeq", DataType.INT64, self.bd_seq)
        own = (session, *self._all(""))
        others = [each for each in self.signals if each]
        return [
            self.message("NBIRTH", "", own),
            *(self.message("DBIRTH", device, self._all(device)) for device in others),
        ]

    def data(self, device: str, name: str, value: Value, *, named: bool = False) -> Sent:
        """A change of one value, by its alias."""
        signal = next(each for each in self.signals[device] if each.name == name)
        signal.value = value
        metric = self._metric(signal)
        if not named:
            metric = replace(metric, name=None, datatype=0)
        return self.message("DDATA" if device else "NDATA", device, (metric,))

    def device_death(self, device: str) -> Sent:
        return self.message("DDEATH", device, ())

    def will(self) -> Sent:
        """What the broker publishes when the node vanishes."""
        metric = metric_of("bdSeq", DataType.INT64, self.bd_seq)
        return self.topic("NDEATH"), encode(Payload((metric,)))

    def message(self, kind: str, device: str, metrics: tuple[Metric, ...]) -> Sent:
        """The next message in the node's order."""
        seq, self.seq = self.seq, (self.seq + 1) % 256
        payload = Payload(metrics, self.now_ms, seq if self.numbered else None)
        return self.topic(kind, device), encode(payload)

    def topic(self, kind: str, device: str = "") -> str:
        parts = ("spBv1.0", self.group, kind, self.node, device)
        return "/".join(part for part in parts if part)

    def _all(self, device: str) -> tuple[Metric, ...]:
        return tuple(self._metric(signal) for signal in self.signals[device])

    def _metric(self, signal: Signal) -> Metric:
        metric = metric_of(signal.name, signal.datatype, signal.value)
        return replace(metric, alias=signal.alias, timestamp=self.now_ms)


def pump_line(**more: object) -> SimulatedNode:
    """A line with a voltage of its own and a pump with speed and temperature."""
    signals = {
        "": [Signal("Supply/Voltage", DataType.DOUBLE, 24.0, 1)],
        "P-101": [
            Signal("speed", DataType.INT16, 1450, 10),
            Signal("Bearing/DE Temperature", DataType.FLOAT, 61.5, 11),
        ],
    }
    return SimulatedNode(signals, **more)  # type: ignore[arg-type]
