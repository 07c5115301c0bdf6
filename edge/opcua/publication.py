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


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A notification that is not as it should be."""

    body: bytes
    problem: str


Notification = Changes | ua.EventNotificationList | ua.StatusChangeNotification | Unreadable


@dataclass(frozen=True, slots=True)
class Publication:
    """What a server published of one subscription at once; of nothing new, it has no notifications."""

    subscription: int
    sequence: int
    notifications: list[Notification] = field(default_factory=list)


def publication_of(data: bytes) -> Publication:
    """The publication in a publish response.

    Raises all kinds of errors where the response itself, not a notification in it, cannot be read.
    """
    buffer = Buffer(data)
    nodeid_from_binary(buffer)
    struct_from_binary(ua.ResponseHeader, buffer).ServiceResult.check()
    subscription = Primitives.UInt32.unpack(buffer)
    buffer.skip(4 * max(0, Primitives.Int32.unpack(buffer)))
    Primitives.Boolean.unpack(buffer)
    sequence = Primitives.UInt32.unpack(buffer)
    Primitives.DateTime.unpack(buffer)
    count = Primitives.Int32.unpack(buffer)
    found = [_notification(buffer) for _ in range(count)]
    return Publication(subscription, sequence, [each for each in found if each is not None])


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
