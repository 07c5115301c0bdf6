"""The compressor's controller, watched with an OPC UA client."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from asyncua import Client, ua

from config.clock import from_us
from oilcan.demo.opcua_server import (
    ALARM_CODE,
    ALARM_SEVERITY,
    NAMESPACE,
    OBJECT,
    VARIABLES,
    CompressorController,
    serve_compressor,
)
from oilcan.engines.process import free_port

TS = 1_760_000_000_123_456
VALUES = {"discharge_pressure": 8.01, "discharge_temp": 81.2, "oil_temp": 54.4, "motor_current": 80}

Compressor = tuple[CompressorController, Client]


class Events:
    """Keeps the events that a subscription delivers."""

    def __init__(self) -> None:
        self.queue: asyncio.Queue[Any] = asyncio.Queue()

    def event_notification(self, event: Any) -> None:
        self.queue.put_nowait(event)

    async def next(self) -> Any:
        return await asyncio.wait_for(self.queue.get(), 5)


@pytest.fixture
async def compressor() -> AsyncIterator[Compressor]:
    port = free_port()
    async with (
        serve_compressor(port) as controller,
        Client(f"opc.tcp://127.0.0.1:{port}") as client,
    ):
        yield controller, client


async def alarms(client: Client) -> tuple[Events, Any]:
    events = Events()
    index = await client.get_namespace_index(NAMESPACE)
    subscription = await client.create_subscription(50, events)
    await subscription.subscribe_alarms_and_conditions(
        client.get_node(f"ns={index};s={OBJECT}"), ua.ObjectIds.ExclusiveLevelAlarmType
    )
    return events, subscription


async def test_variables_have_their_values_and_source_times(compressor: Compressor) -> None:
    controller, client = compressor
    await controller.write(VALUES, TS)
    index = await client.get_namespace_index(NAMESPACE)
    for role, name in VARIABLES.items():
        value = await client.get_node(f"ns={index};s={name}").read_data_value()
        assert value.Value.Value == VALUES[role]
        assert value.SourceTimestamp == from_us(TS)


async def test_an_alarm_arrives_with_state_severity_and_message(compressor: Compressor) -> None:
    controller, client = compressor
    events, _ = await alarms(client)
    await controller.set_alarm(active=True, temperature=105.3, ts_us=TS)
    event = await events.next()
    assert event.ConditionName == ALARM_CODE
    assert getattr(event, "ActiveState/Id") is True
    assert event.Severity == ALARM_SEVERITY
    assert event.Time == from_us(TS)
    assert event.Message.Text == "Discharge temperature 105.3 °C above 105 °C"


async def test_an_alarm_that_ends_says_so(compressor: Compressor) -> None:
    controller, client = compressor
    events, _ = await alarms(client)
    await controller.set_alarm(active=True, temperature=105.3, ts_us=TS)
    await controller.set_alarm(active=False, temperature=99.8, ts_us=TS + 1)
    await events.next()
    event = await events.next()
    assert getattr(event, "ActiveState/Id") is False
    assert event.Retain is False


async def test_who_comes_late_hears_of_an_active_alarm_by_refresh(compressor: Compressor) -> None:
    controller, client = compressor
    await controller.set_alarm(active=True, temperature=105.3, ts_us=TS)
    events, subscription = await alarms(client)
    condition_type = client.get_node(ua.ObjectIds.ConditionType)
    await condition_type.call_method(
        ua.NodeId(ua.ObjectIds.ConditionType_ConditionRefresh),
        ua.Variant(subscription.subscription_id, ua.VariantType.UInt32),
    )
    assert getattr(await events.next(), "ActiveState/Id") is True
