"""Which machine of the demo speaks what, and what the plant's files call its source."""

from dataclasses import dataclass
from enum import StrEnum


class Protocol(StrEnum):
    """The three ways into the plant, as `type:` of a source names them."""

    MODBUS = "modbus"
    OPCUA = "opcua"
    MQTT = "mqtt"


@dataclass(frozen=True, slots=True)
class Machine:
    """An asset that is simulated, and the source that reads it."""

    asset: str
    protocol: Protocol
    source: str


PUMP, COMPRESSOR, CONVEYOR = "P-101", "C-201", "B-301"
MACHINES = (
    Machine(PUMP, Protocol.MODBUS, "pump-house"),
    Machine(COMPRESSOR, Protocol.OPCUA, "air-plc"),
    Machine(CONVEYOR, Protocol.MQTT, "conveying"),
)
