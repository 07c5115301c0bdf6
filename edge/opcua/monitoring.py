"""Requests that have a server watch nodes, as the file asks for them. Pure."""

from asyncua import ua
from asyncua.ua.attribute_ids import AttributeIds
from asyncua.ua.object_ids import ObjectIds
from asyncua.ua.status_codes import StatusCodes

from edge.opcua.alarms import event_filter
from edge.opcua.source import Discard, Watched

# A refresh tells all active alarms at once.
_EVENT_QUEUE = 1_000
_FILTER_REFUSALS = frozenset(
    {
        StatusCodes.BadDeadbandFilterInvalid,
        StatusCodes.BadFilterNotAllowed,
        StatusCodes.BadMonitoredItemFilterInvalid,
        StatusCodes.BadMonitoredItemFilterUnsupported,
    }
)


def event_request(node: ua.NodeId, handle: int) -> ua.MonitoredItemCreateRequest:
    """Watch an object's events."""
    parameters = ua.MonitoringParameters(
        ClientHandle=ua.IntegerId(handle),
        SamplingInterval=ua.Duration(0),
        QueueSize=ua.Counter(_EVENT_QUEUE),
        DiscardOldest=True,
    )
    parameters.Filter = event_filter()
    return _request(node, AttributeIds.EventNotifier, parameters)


def value_request(
    node: ua.NodeId, handle: int, watched: Watched, deadband: ua.DataChangeFilter | None
) -> ua.MonitoredItemCreateRequest:
    """Watch a variable's value."""
    parameters = ua.MonitoringParameters(
        ClientHandle=ua.IntegerId(handle),
        SamplingInterval=ua.Duration(watched.sampling_us / 1000),
        QueueSize=ua.Counter(watched.queue_size),
        DiscardOldest=watched.discard is Discard.OLDEST,
    )
    if deadband is not None:
        parameters.Filter = deadband
    return _request(node, AttributeIds.Value, parameters)


def deadband_of(watched: Watched) -> ua.DataChangeFilter | None:
    """The filter that keeps small changes back; a change of the status always comes."""
    if watched.server_deadband is not None:
        return _filter(ua.DeadbandType.Absolute, watched.server_deadband)
    if watched.server_deadband_percent is not None:
        return _filter(ua.DeadbandType.Percent, watched.server_deadband_percent)
    return None


def refuses_filter(status: int) -> bool:
    """Does a server refuse an item for its deadband alone?"""
    return status in _FILTER_REFUSALS


def range_path(node: ua.NodeId) -> ua.BrowsePath:
    """The way from a variable to its EURange, which a deadband in percent is a part of."""
    element = ua.RelativePathElement(
        ReferenceTypeId=ua.NodeId(ua.Int32(ObjectIds.HasProperty)),
        TargetName=ua.QualifiedName("EURange", 0),
    )
    element.IsInverse = False  # type: ignore[assignment]  # pyright: ignore[reportAttributeAccessIssue]
    return ua.BrowsePath(StartingNode=node, RelativePath=ua.RelativePath(Elements=[element]))


def _filter(kind: ua.DeadbandType, value: float) -> ua.DataChangeFilter:
    return ua.DataChangeFilter(
        Trigger=ua.DataChangeTrigger.StatusValue,
        DeadbandType=ua.UInt32(kind),
        DeadbandValue=ua.Double(value),
    )


def _request(
    node: ua.NodeId, attribute: AttributeIds, parameters: ua.MonitoringParameters
) -> ua.MonitoredItemCreateRequest:
    return ua.MonitoredItemCreateRequest(
        ItemToMonitor=ua.ReadValueId(NodeId=node, AttributeId=attribute),
        MonitoringMode=ua.MonitoringMode.Reporting,
        RequestedParameters=parameters,
    )
