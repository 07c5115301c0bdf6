"""Topics of Sparkplug B: `spBv1.0/<group>/<message type>/<edge node>[/<device>]`. Pure."""

from dataclasses import dataclass
from enum import StrEnum

NAMESPACE = "spBv1.0"
_NODE_LEVELS = 4
_DEVICE_LEVELS = 5
_LONGEST_LEVEL = 200


class MessageType(StrEnum):
    """What edge nodes say, and what is said to them."""

    NBIRTH = "NBIRTH"
    NDATA = "NDATA"
    NDEATH = "NDEATH"
    NCMD = "NCMD"
    DBIRTH = "DBIRTH"
    DDATA = "DDATA"
    DDEATH = "DDEATH"
    DCMD = "DCMD"


_OF_DEVICES = frozenset(
    {MessageType.DBIRTH, MessageType.DDATA, MessageType.DDEATH, MessageType.DCMD}
)
_TYPES = frozenset(MessageType)


@dataclass(frozen=True, slots=True)
class NodeId:
    """An edge node: its name is unique within its group."""

    group: str
    node: str

    def __str__(self) -> str:
        return f"{self.group}/{self.node}"

    @property
    def command_topic(self) -> str:
        """Where the node takes commands."""
        return f"{NAMESPACE}/{self.group}/{MessageType.NCMD}/{self.node}"


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic taken apart; `device` is empty where the message is about the node itself."""

    node: NodeId
    kind: MessageType
    device: str = ""


def parse_topic(topic: str) -> Topic | None:
    """The parts of `topic`, or None where it is none of an edge node."""
    levels = topic.split("/")
    count = len(levels)
    if count not in {_NODE_LEVELS, _DEVICE_LEVELS} or levels[0] != NAMESPACE:
        return None
    if not all(0 < len(level) <= _LONGEST_LEVEL for level in levels) or levels[2] not in _TYPES:
        return None
    kind = MessageType(levels[2])
    if (kind in _OF_DEVICES) != (count == _DEVICE_LEVELS):
        return None
    return Topic(NodeId(levels[1], levels[3]), kind, levels[4] if count == _DEVICE_LEVELS else "")
