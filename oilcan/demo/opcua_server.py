"""The compressor's controller: an OPC UA server with variables and one alarm condition."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from asyncua import ua
from asyncua.common.node import Node
from asyncua.server.event_generator import EventGenerator
from asyncua.server.server import Server
from asyncua.ua.object_ids import ObjectIds

from config.clock import from_us
from config.errors import EngineError
from oilcan.demo.compressor import ALARM_CLEAR, ALARM_RAISE

NAMESPACE = "urn:oilcan:demo:compressor-plc"
OBJECT = "C201"
ALARM_CODE = "HIGH_DISCHARGE_TEMP"
ALARM_SEVERITY, _CLEARED_SEVERITY, _REFRESH_SEVERITY = 800, 1, 1

VARIABLES: Mapping[str, str] = {
    "discharge_pressure": f"{OBJECT}.DischargePressure",
    "discharge_temp": f"{OBJECT}.DischargeTemperature",
    "oil_temp": f"{OBJECT}.OilTemperature",
    "motor_current": f"{OBJECT}.MotorCurrent",
}
"""Node identifier of each role."""


@dataclass(frozen=True, slots=True)
class CompressorController:
    """The variables of a running server, and its alarm."""

    variables: Mapping[str, Node]
    alarm: EventGenerator

    async def write(self, values: Mapping[str, float], ts_us: int) -> None:
        """Give every variable its value by role, with `ts_us` as the source's timestamp."""
        ts: Any = from_us(ts_us)  # asyncua names its own subclass of datetime here
        for role, node in self.variables.items():
            variant = ua.Variant(values[role], ua.VariantType.Double)
            await node.write_value(ua.DataValue(variant, SourceTimestamp=ts, ServerTimestamp=ts))

    async def set_alarm(self, *, active: bool, temperature: float, ts_us: int) -> None:
        """Tell all who listen that the alarm came or went; one that is active is kept for them."""
        ts = from_us(ts_us)
        self._describe(active=active, ts=ts)
        verb, limit = ("above", ALARM_RAISE) if active else ("back below", ALARM_CLEAR)
        message = f"Discharge temperature {temperature:.1f} °C {verb} {limit:g} °C"
        await self.alarm.trigger(time_attr=ts, message=message)

    def _describe(self, *, active: bool, ts: datetime) -> None:
        event = self.alarm.event
        event.Severity = ALARM_SEVERITY if active else _CLEARED_SEVERITY
        event.Retain = active
        event.ActiveState = ua.LocalizedText("Active" if active else "Inactive")
        setattr(event, "ActiveState/Id", active)
        # The library's own type for this field cannot be sent.
        event.add_property("ActiveState/TransitionTime", ts, ua.VariantType.DateTime)


@asynccontextmanager
async def serve_compressor(port: int) -> AsyncIterator[CompressorController]:
    """Serve on loopback until the block is left. Raises `EngineError` if the port is taken."""
    server = Server()
    # Who connects while the alarm is active asks for a refresh (OPC UA Part 9, 5.5.7).
    server.iserver.bind_condition_methods = _REFRESH_SEVERITY
    await server.init()
    server.set_endpoint(f"opc.tcp://127.0.0.1:{port}")
    server.set_server_name("Demo compressor controller")
    server.set_security_policy([ua.SecurityPolicyType.NoSecurity])
    index = await server.register_namespace(NAMESPACE)
    controller = await _build(server, index)
    try:
        await server.start()
    except OSError as error:
        raise EngineError(f"the demo's OPC UA server cannot listen on {port}: {error}") from error
    try:
        yield controller
    finally:
        await server.stop()


async def _build(server: Server, index: int) -> CompressorController:
    """Make the compressor's object with its variables and the generator of its alarm."""
    machine = await server.nodes.objects.add_object(_node_id(OBJECT, index), f"{index}:{OBJECT}")
    variables = {
        role: await machine.add_variable(
            _node_id(name, index), f"{index}:{name.partition('.')[2]}", 0.0
        )
        for role, name in VARIABLES.items()
    }
    alarm = await server.get_event_generator(
        ua.NodeId.from_string(f"i={ObjectIds.ExclusiveLevelAlarmType}"), machine.nodeid
    )
    event = alarm.event
    event.NodeId = _node_id(f"{OBJECT}.{ALARM_CODE}", index)
    event.ConditionName = ALARM_CODE
    event.SourceName = OBJECT
    event.InputNode = variables["discharge_temp"].nodeid
    event.EnabledState = ua.LocalizedText("Enabled")
    setattr(event, "EnabledState/Id", True)
    event.HighLimit = ALARM_RAISE
    return CompressorController(variables, alarm)


def _node_id(name: str, index: int) -> ua.NodeId:
    return ua.NodeId.from_string(f"ns={index};s={name}")
