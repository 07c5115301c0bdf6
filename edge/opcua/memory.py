"""What an OPC UA source remembers over its sessions."""

from dataclasses import dataclass, field

from config.clock import ClockUs
from edge.opcua.alarms import AlarmReader
from edge.opcua.health import OpcuaHealth
from edge.opcua.history import Stored
from edge.opcua.positions import Positions
from edge.opcua.source import OpcuaNode
from edge.stamps import Stamps


@dataclass(slots=True)
class Memory:
    """What outlives a session; `positions` outlives the process too."""

    health: OpcuaHealth
    stamps: Stamps
    alarms: AlarmReader
    clock: ClockUs
    positions: Positions
    stored: Stored
    browsed: dict[str, OpcuaNode] = field(default_factory=dict)
    """What browsing has found so far, by tag: what it no longer finds is missing."""

    looked_us: int | None = None
    """When we looked last for what is missing."""

    async def keep_positions(self) -> None:
        """Have the file of positions say how far histories are stored."""
        await self.positions.keep(self.stored.positions)
