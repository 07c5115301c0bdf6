"""A publish response of a server (OPC UA Part 4, 5.14.5), read notification by notification. Pure.

asyncua reads a response as a whole: one notification that it cannot read takes all others with it,
and is passed over in silence. Here each is read by itself, and what cannot be read is handed on.
"""

from dataclasses import dataclass, field

from asyncua import ua
from asyncua.common.utils import Buffer
from asyncua.ua.object_ids import ObjectIds
from asyncua.ua.ua_binary import (
    Primitives,
    extensionobject_from_binary,
    nodeid_from_binary,
    struct_from_binary,
)

from edge.opcua.changes import Changes, changes_of

_CHANGES = ua.NodeId(ua.Int32(ObjectIds.DataChangeNotification_Encoding_DefaultBinary))
_NUMBERS = 2**32 - 1
"""Publications are numbered from 1 to this, and then from 1 again."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A notification that is not as it should be."""

    body: bytes
    problem: str


Notification = Changes | ua.EventNotificationList | ua.StatusChangeNotification | Unreadable


@dataclass(frozen=True, slots=True)
class Publication:
    """What a server published of one subscription at once."""

    subscription: int
    sequence: int
    notifications: list[Notification] = field(default_factory=list)
    is_keep_alive: bool = False
    """Is there nothing new? Then `sequence` is the number that the next publication will have."""
    goes_on: bool = False
    """Does what the server had to publish at this time go on in the next one?"""


class Numbering:
    """Finds what was published and never came, by the numbers of what did (Part 4, 5.14.1.1)."""

    def __init__(self) -> None:
        self._next: int | None = None

    def missed(self, publication: Publication) -> int:
        """How many publications are missing right before this one."""
        number = publication.sequence
        missed = 0 if self._next is None else (number - self._next) % _NUMBERS
        self._next = number if publication.is_keep_alive else number % _NUMBERS + 1
        # Numbers that step back are a server's fault, and no gap of four thousand million.
        return missed if missed < _NUMBERS // 2 else 0


def publication_of(data: bytes) -> Publication:
    """The publication in a publish response.

    Raises all kinds of errors where the response itself, not a notification in it, cannot be read.
    """
    buffer = Buffer(data)
    nodeid_from_binary(buffer)
    struct_from_binary(ua.ResponseHeader, buffer).ServiceResult.check()
    subscription = Primitives.UInt32.unpack(buffer)
    buffer.skip(4 * max(0, Primitives.Int32.unpack(buffer)))
    goes_on = Primitives.Boolean.unpack(buffer)
    sequence = Primitives.UInt32.unpack(buffer)
    Primitives.DateTime.unpack(buffer)
    count = Primitives.Int32.unpack(buffer)
    found = [_notification(buffer) for _ in range(count)]
    known = [each for each in found if each is not None]
    return Publication(
        subscription, sequence, known, is_keep_alive=count <= 0, goes_on=bool(goes_on)
    )


def _notification(buffer: Buffer) -> Notification | None:
    """The next notification; None for kinds that say nothing of items."""
    start = buffer.copy()
    kind = nodeid_from_binary(buffer)
    encoding = Primitives.Byte.unpack(buffer)
    body = (Primitives.Bytes.unpack(buffer) or b"") if encoding else b""
    try:
        read = changes_of(body) if kind == _CHANGES else extensionobject_from_binary(start)
    except Exception as error:  # noqa: BLE001 - asyncua raises all kinds of errors over bad bytes
        return Unreadable(body, f"{type(error).__name__}: {error}")
    if kind == _CHANGES or isinstance(read, ua.EventNotificationList | ua.StatusChangeNotification):
        return read
    return None
