"""A subscription's way to us: asked for, published, and acknowledged when that is said.

asyncua has a loop of its own for this. It acknowledges what its callback could not keep, passes over
in silence what it cannot read, and decodes item by item; so only its transport is used here.
"""

from dataclasses import dataclass, field

from asyncua import ua
from asyncua.client.client import Client
from asyncua.common.utils import Buffer
from asyncua.ua.ua_binary import struct_from_binary
from asyncua.ua.uaerrors import BadTimeout, UaStatusCodeError

from edge.errors import SourceLost
from edge.opcua.publication import Publication, publication_of

_KEEPALIVES = 10
_LIFETIMES = 10_000
_NOTIFICATIONS = 10_000


@dataclass(slots=True)
class Publishing:
    """One subscription at a server."""

    client: Client
    id: int
    keepalive_s: float
    """How long the server may be silent, as it says itself."""
    _unacknowledged: list[ua.SubscriptionAcknowledgement] = field(default_factory=list)

    async def next(self) -> Publication:
        """What the server publishes next; everything before it is acknowledged with this.

        Raises `SourceLost` or an error of asyncua where nothing more will come.
        """
        while True:
            request = ua.PublishRequest()
            request.Parameters.SubscriptionAcknowledgements = self._unacknowledged
            try:
                data = bytes(await _send(self.client, request, timeout_s=0))
            except BadTimeout:
                continue
            self._unacknowledged = []
            publication = _read(data)
            if not publication.is_keep_alive:
                taken = ua.SubscriptionAcknowledgement(
                    ua.IntegerId(publication.subscription), ua.Counter(publication.sequence)
                )
                self._unacknowledged.append(taken)
            return publication


async def subscribe(client: Client, *, every_ms: float) -> Publishing:
    """Make a subscription that publishes so often; raises an error of asyncua where it cannot be."""
    request = ua.CreateSubscriptionRequest()
    request.Parameters = ua.CreateSubscriptionParameters(
        RequestedPublishingInterval=ua.Duration(every_ms),
        RequestedLifetimeCount=ua.Counter(_LIFETIMES),
        RequestedMaxKeepAliveCount=ua.Counter(_KEEPALIVES),
        MaxNotificationsPerPublish=ua.Counter(_NOTIFICATIONS),
        PublishingEnabled=True,
    )
    data = await _send(client, request)
    response = struct_from_binary(ua.CreateSubscriptionResponse, data)
    response.ResponseHeader.ServiceResult.check()
    made = response.Parameters
    keepalive_s = made.RevisedPublishingInterval * made.RevisedMaxKeepAliveCount / 1000
    return Publishing(client, made.SubscriptionId, keepalive_s)


async def _send(client: Client, request: object, timeout_s: float | None = None) -> Buffer:
    """The answer to a request; without a timeout it is the client's, 0 waits for ever."""
    protocol = client.uaclient.protocol
    if protocol is None:
        raise ConnectionError("the connection is closed")
    return await protocol.send_request(request, timeout_s)


def _read(data: bytes) -> Publication:
    try:
        return publication_of(data)
    except UaStatusCodeError:
        raise
    except Exception as error:
        raise SourceLost(f"a publish response cannot be read: {error!r}") from error
