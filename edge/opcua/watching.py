"""Has a server watch items, with the filters that it can do."""

from collections.abc import Mapping, Sequence

from asyncua import ua
from asyncua.client.ua_session import UaSession

from edge.opcua.health import OpcuaHealth
from edge.opcua.items import Item, portions
from edge.opcua.limits import Limits
from edge.opcua.monitoring import (
    deadband_of,
    event_request,
    range_path,
    refuses_filter,
    value_request,
)
from edge.opcua.source import Watched

_NO_RANGE = "server_deadband_percent needs EURange, which the server lacks: every change is read"
_NO_DEADBAND = "the server does no such deadband: every change is read"

Filters = Mapping[int, ua.DataChangeFilter | None]
"""The deadband of each item, by its handle."""


class Watcher:
    """Makes and remakes the monitored items of one subscription."""

    def __init__(
        self, session: UaSession, subscription: int, limits: Limits, health: OpcuaHealth
    ) -> None:
        self._session = session
        self._subscription = subscription
        self._limits = limits
        self._health = health

    async def watch(self, items: Sequence[Item]) -> None:
        """Watch items whose node is known; each then says whether the server does, or why not.

        What the server cannot filter is watched unfiltered: too much is better than nothing.
        """
        for some in portions(items, self._limits.items):
            await self._forget([item.server_id for item in some if item.server_id is not None])
            filters = await self._filters(some)
            refused = await self._create(some, filters)
            for item in refused:
                self._health.note(item.name, _NO_DEADBAND)
            if refused:
                await self._create(refused, {})

    async def forget(self, items: Sequence[Item]) -> None:
        """Watch items no more: the server does not have them where they were."""
        watched = [item for item in items if item.server_id is not None]
        for some in portions(watched, self._limits.items):
            await self._forget([item.server_id for item in some if item.server_id is not None])
        for item in items:
            item.node, item.server_id, item.watched = None, None, False
            item.problem = "browsing no longer finds it"

    async def _forget(self, server_ids: Sequence[int]) -> None:
        if server_ids:
            await self._session.delete_monitored_items(
                ua.DeleteMonitoredItemsParameters(self._subscription, list(server_ids))
            )

    async def _filters(self, items: Sequence[Item]) -> Filters:
        filters = {
            item.handle: deadband_of(item.wanted)
            for item in items
            if isinstance(item.wanted, Watched)
        }
        for item in await self._without_range(items):
            filters[item.handle] = None
            self._health.note(item.name, _NO_RANGE)
        return filters

    async def _without_range(self, items: Sequence[Item]) -> list[Item]:
        """The items with a deadband in percent for which the server has no EURange."""
        asked = [
            (item, range_path(item.node))
            for item in items
            if item.node is not None
            and isinstance(item.wanted, Watched)
            and item.wanted.server_deadband_percent is not None
        ]
        lacking: list[Item] = []
        for some in portions(asked, self._limits.translate):
            paths = [path for _, path in some]
            results = await self._session.translate_browsepaths_to_nodeids(paths)
            lacking += [
                item
                for (item, _), result in zip(some, results, strict=True)
                if not result.StatusCode.is_good()
            ]
        return lacking

    async def _create(self, items: Sequence[Item], filters: Filters) -> list[Item]:
        """Watch the items; gives those that the server refuses for their filter alone."""
        for item in items:
            # The first notification may come before the answer.
            item.watched, item.told = True, False
        results = await self._session.create_monitored_items(
            ua.CreateMonitoredItemsParameters(
                SubscriptionId=self._subscription,
                TimestampsToReturn=ua.TimestampsToReturn.Both,
                ItemsToCreate=[_request(item, filters.get(item.handle)) for item in items],
            )
        )
        refused: list[Item] = []
        for item, result in zip(items, results, strict=True):
            good = result.StatusCode.is_good()
            item.watched = item.watched and good
            item.problem = "" if good else result.StatusCode.name
            item.server_id = result.MonitoredItemId if good else None
            item.queue = result.RevisedQueueSize if good else 0
            if filters.get(item.handle) is not None and refuses_filter(result.StatusCode.value):
                refused.append(item)
        return refused


def _request(item: Item, deadband: ua.DataChangeFilter | None) -> ua.MonitoredItemCreateRequest:
    node = item.node or ua.NodeId()
    if isinstance(item.wanted, Watched):
        return value_request(node, item.handle, item.wanted, deadband)
    return event_request(node, item.handle)
