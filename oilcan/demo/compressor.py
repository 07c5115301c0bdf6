"""Compressor C-201: an oil-flooded screw whose oil cooler fouls, until its controller alarms."""

import math
import random
from dataclasses import dataclass, replace

from oilcan.demo import physics
from oilcan.demo.noise import Sensor

ALARM_RAISE, ALARM_CLEAR = 105.0, 100.0
_SUCTION_PRESSURE, _DISCHARGE_PRESSURE = 1.013, 8.0
_PRESSURE_SWING, _SWING_PERIOD = 0.15, 300.0
_AMBIENT = 22.0
# Oil takes up most of the heat, so the compression is nearly isothermal: n close to 1.
_POLYTROPIC_EXPONENT, _OIL_SHARE = 1.06, 0.6
_SHAFT_POWER, _HEAT_SHARE = 45.0, 0.9
_COOLER_CONDUCTANCE, _OIL_CAPACITY = 1.25, 140.0
_FOULING_LIMIT, _FOULING_TIME = 1.35, 200.0
_VOLTAGE, _POWER_FACTOR, _MOTOR_EFFICIENCY = 400.0, 0.86, 0.94

_PRESSURE = Sensor(noise=0.01, step=0.01)
_TEMPERATURE = Sensor(noise=0.12, step=0.1)
_CURRENT = Sensor(noise=0.2, step=0.1)


@dataclass(frozen=True, slots=True)
class Compressor:
    """True state of the compressor; time in plant seconds, temperatures in °C."""

    fault_at: float
    time: float = 0.0
    discharge_pressure: float = _DISCHARGE_PRESSURE
    oil_temp: float = 54.4
    alarm: bool = False

    @property
    def cooler_conductance(self) -> float:
        """kW/K of the cooler behind its deposit: the resistances add."""
        deposit = physics.fouling(
            self.time - self.fault_at, limit=_FOULING_LIMIT, time_constant=_FOULING_TIME
        )
        return 1.0 / (1.0 / _COOLER_CONDUCTANCE + deposit)

    @property
    def shaft_power(self) -> float:
        """kW; isothermal work grows with the logarithm of the pressure ratio."""
        design = math.log(_DISCHARGE_PRESSURE / _SUCTION_PRESSURE)
        return _SHAFT_POWER * math.log(self.discharge_pressure / _SUCTION_PRESSURE) / design

    @property
    def discharge_temp(self) -> float:
        """°C of air and oil at the outlet, compressed from the mixture of both at the inlet."""
        mixture = _AMBIENT + _OIL_SHARE * (self.oil_temp - _AMBIENT)
        ratio = self.discharge_pressure / _SUCTION_PRESSURE
        return physics.polytropic_temperature(mixture, ratio, _POLYTROPIC_EXPONENT)

    @property
    def motor_current(self) -> float:
        """A."""
        return physics.three_phase_current(
            self.shaft_power / _MOTOR_EFFICIENCY, voltage=_VOLTAGE, power_factor=_POWER_FACTOR
        )

    def step(self, dt: float) -> "Compressor":
        """The compressor `dt` plant seconds later."""
        phase = 2.0 * math.pi * (self.time + dt) / _SWING_PERIOD
        heated = replace(
            self,
            time=self.time + dt,
            discharge_pressure=_DISCHARGE_PRESSURE + _PRESSURE_SWING * math.sin(phase),
            oil_temp=physics.heat_step(
                self.oil_temp,
                heat=_HEAT_SHARE * self.shaft_power,
                ambient=_AMBIENT,
                conductance=self.cooler_conductance,
                capacity=_OIL_CAPACITY,
                dt=dt,
            ),
        )
        return replace(heated, alarm=alarm_after(heated.discharge_temp, was_active=self.alarm))

    def repaired(self, next_fault_in: float) -> "Compressor":
        """The compressor with a clean cooler, until it fouls again in `next_fault_in` seconds."""
        return replace(self, fault_at=self.time + next_fault_in)

    def measure(self, generator: random.Random) -> dict[str, float]:
        """What the sensors show now, by role."""
        return {
            "discharge_pressure": _PRESSURE.measure(self.discharge_pressure, generator),
            "discharge_temp": _TEMPERATURE.measure(self.discharge_temp, generator),
            "oil_temp": _TEMPERATURE.measure(self.oil_temp, generator),
            "motor_current": _CURRENT.measure(self.motor_current, generator),
        }


def alarm_after(temperature: float, *, was_active: bool) -> bool:
    """Is the controller's alarm active at `temperature` °C? The band between its limits holds it."""
    return temperature > (ALARM_CLEAR if was_active else ALARM_RAISE)
