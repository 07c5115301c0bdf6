"""How items are asked for: queues, sampling, deadbands, batches, and servers that cannot do it."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from asyncua import Server, ua
from asyncua.server.monitored_item_service import MonitoredItemService

from edge.opcua.collector import OpcuaCollector
from edge.opcua.items import Item
from edge.opcua.limits import Limits, limits_of
from edge.opcua.monitoring import deadband_of, value_request
from edge.opcua.source import Discard, OpcuaNode
from edge.reading import Reason
from tests.edge.memory import Collecting, Memory
from tests.edge.opcua.compressor import URI, Compressor, compressor, source

OVERFLOW = 0x480
NODE = ua.NodeId("temp", 2)


def watched(**more: Any) -> OpcuaNode:
    return OpcuaNode.model_validate({"node": f"nsu={URI};s=temp", "tag": "K-1.temp", **more})


def nodes(*names: str, **more: Any) -> list[dict[str, Any]]:
    return [{"node": f"nsu={URI};s={name}", "tag": f"K-1.{name}", **more} for name in names]


def test_an_item_is_asked_for_as_the_file_says() -> None:
    wanted = watched(sampling="250ms", queue=7, discard="newest")
    request = value_request(NODE, 5, wanted, deadband_of(wanted))
    parameters = request.RequestedParameters
    assert (request.ItemToMonitor.NodeId, parameters.ClientHandle) == (NODE, 5)
    assert (parameters.SamplingInterval, parameters.QueueSize) == (250, 7)
    assert not parameters.DiscardOldest
    assert not isinstance(parameters.Filter, ua.DataChangeFilter)


def test_left_out_the_server_samples_at_will_and_gives_up_the_oldest() -> None:
    wanted = watched()
    parameters = value_request(NODE, 5, wanted, deadband_of(wanted)).RequestedParameters
    assert (parameters.SamplingInterval, parameters.QueueSize) == (0, 1_000)
    assert parameters.DiscardOldest
    assert wanted.discard is Discard.OLDEST


@pytest.mark.parametrize(
    ("sampling", "size"), [("1ms", 10_000), ("20ms", 3_000), ("100ms", 600), ("5s", 100)]
)
def test_left_out_a_queue_holds_a_minute_of_samples(sampling: str, size: int) -> None:
    assert watched(sampling=sampling).queue_size == size


@pytest.mark.parametrize(
    ("option", "kind"),
    [
        ("server_deadband", ua.DeadbandType.Absolute),
        ("server_deadband_percent", ua.DeadbandType.Percent),
    ],
)
def test_a_deadband_never_keeps_back_a_change_of_status(option: str, kind: ua.DeadbandType) -> None:
    asked = deadband_of(watched(**{option: 0.5}))
    assert asked is not None
    assert (asked.DeadbandType, asked.DeadbandValue) == (kind, 0.5)
    assert asked.Trigger == ua.DataChangeTrigger.StatusValue


@pytest.mark.parametrize(
    "wrong",
    [
        {"server_deadband": 0},
        {"server_deadband": float("inf")},
        {"server_deadband_percent": 101},
        {"server_deadband": 1, "server_deadband_percent": 1},
        {"queue": 0},
        {"discard": "both"},
        {"sampling": "soon"},
    ],
)
def test_what_no_server_can_do_is_refused_in_the_file(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="validation error"):
        watched(**wrong)


async def test_changes_within_an_absolute_deadband_are_not_sent(
    port: int, memory: Memory, collecting: Collecting
) -> None:
    settings = source(port, nodes=nodes("temp", server_deadband=0.5))
    async with compressor(port) as machine, collecting(OpcuaCollector(settings), memory):
        await memory.until(lambda m: len(m.rows) == 1)
        for value in (20.3, 21.0):
            await machine.write("temp", value, SourceTimestamp=datetime.now(UTC))
        await memory.until(lambda m: m.values("K-1.temp")[-1] == 21.0)
    assert memory.values("K-1.temp") == [20.0, 21.0]


async def test_without_eurange_a_deadband_in_percent_reads_every_change_and_says_so(
    port: int, memory: Memory, collecting: Collecting
) -> None:
    collector = OpcuaCollector(
        source(port, nodes=nodes("temp", "speed", server_deadband_percent=10))
    )
    async with compressor(port) as machine:
        limits = ua.Range(Low=0.0, High=100.0)
        await machine.nodes["speed"].add_property(
            ua.NodeId("r", machine.index), "0:EURange", limits
        )
        async with collecting(collector, memory):
            await memory.until(lambda m: len(m.rows) == 2)
            await machine.write("temp", 20.1, SourceTimestamp=datetime.now(UTC))
            await memory.until(lambda m: m.values("K-1.temp")[-1] == 20.1)
            kinds = filters_at(machine)
    assert kinds == {"temp": None, "speed": ua.DeadbandType.Percent}
    assert list(collector.health().notes) == ["K-1.temp"]
    assert "needs EURange" in collector.health().part().message


def filters_at(machine: Compressor) -> dict[Any, Any]:
    """The deadband of each item that the server watches, by the node's name."""
    (subscription,) = machine.server.iserver.subscription_service.subscriptions.values()
    items = subscription.monitored_item_srv._monitored_items.values()
    return {
        item.read_value_id.NodeId.Identifier: getattr(item.filter, "DeadbandType", None)
        for item in items
    }


async def test_a_server_that_refuses_the_deadband_is_asked_without(
    port: int, memory: Memory, collecting: Collecting, monkeypatch: pytest.MonkeyPatch
) -> None:
    create = MonitoredItemService._create_data_change_monitored_item

    async def refuse_filters(
        service: MonitoredItemService, params: ua.MonitoredItemCreateRequest
    ) -> ua.MonitoredItemCreateResult:
        if params.RequestedParameters.Filter is None:
            return await create(service, params)
        code = ua.StatusCode(ua.StatusCodes.BadMonitoredItemFilterUnsupported)
        result = ua.MonitoredItemCreateResult()
        result.StatusCode = code
        return result

    monkeypatch.setattr(MonitoredItemService, "_create_data_change_monitored_item", refuse_filters)
    settings = source(port, nodes=[*nodes("temp", server_deadband=0.5), *nodes("speed")])
    collector = OpcuaCollector(settings)
    async with compressor(port), collecting(collector, memory):
        await memory.until(lambda m: len(m.rows) == 2)
    assert list(collector.health().notes) == ["K-1.temp"]


async def test_a_queue_that_ran_over_is_counted_and_marked(
    port: int, memory: Memory, collecting: Collecting
) -> None:
    collector = OpcuaCollector(source(port))
    async with compressor(port) as machine, collecting(collector, memory):
        await memory.until(lambda m: len(m.rows) == 2)
        status = ua.StatusCode(ua.StatusCodes.Good | OVERFLOW)
        await machine.write("temp", 1.0, StatusCode=status, SourceTimestamp=datetime.now(UTC))
        await memory.until(lambda m: len(m.rows) == 3)
    assert memory.rows[-1][2:] == (1.0, Reason.GAP)
    assert collector.health().part().metrics["gaps_total"] == 1


async def test_items_are_made_in_portions_that_the_server_takes(
    port: int, memory: Memory, collecting: Collecting, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[int] = []
    create = MonitoredItemService.create_monitored_items

    async def counted(
        service: MonitoredItemService, params: ua.CreateMonitoredItemsParameters
    ) -> Sequence[ua.MonitoredItemCreateResult]:
        sizes.append(len(params.ItemsToCreate))
        return await create(service, params)

    async def prepare(server: Server) -> None:
        limit = server.get_node(
            ua.ObjectIds.Server_ServerCapabilities_OperationLimits_MaxMonitoredItemsPerCall
        )
        await limit.write_value(ua.Variant(3, ua.VariantType.UInt32))

    monkeypatch.setattr(MonitoredItemService, "create_monitored_items", counted)
    names = tuple(f"n{i}" for i in range(7))
    settings = source(port, nodes=nodes(*names))
    async with (
        compressor(port, names=names, prepare=prepare),
        collecting(OpcuaCollector(settings), memory),
    ):
        await memory.until(lambda m: len(m.rows) == 7)
    assert sizes == [3, 3, 1]


@pytest.mark.parametrize(
    ("told", "used"),
    [
        (ua.DataValue(ua.Variant(50, ua.VariantType.UInt32)), 50),
        (ua.DataValue(ua.Variant(5000, ua.VariantType.UInt32)), 1000),
        (ua.DataValue(ua.Variant(0, ua.VariantType.UInt32)), 1000),
        (ua.DataValue(StatusCode=ua.StatusCode(ua.StatusCodes.BadNodeIdUnknown)), 1000),
        (ua.DataValue(ua.Variant("many")), 1000),
    ],
)
async def test_the_lower_limit_counts_and_nonsense_is_none(told: ua.DataValue, used: int) -> None:
    class Answers:
        async def read_attributes(self, *_: Any) -> list[ua.DataValue]:
            return [told]

    session: Any = Answers()
    assert await limits_of(session, 1000) == Limits(*[used] * 4)


def test_an_item_of_alarms_is_no_variable() -> None:
    (alarms,) = source(1, alarms=[{"asset": "K-1"}]).alarms
    assert not Item("K-1 alarms", 0, alarms).is_variable
