"""Pump P-101: a centrifugal water pump whose drive-end bearing loses its lubrication and wears."""

import math
import random
from dataclasses import dataclass, replace

from oilcan.demo import physics
from oilcan.demo.noise import Sensor

RATED_SPEED = 2960.0
_SHUTOFF_HEAD, _SLOPE = 46.0, 8.0e-4
_STATIC_HEAD, _RESISTANCE = 8.0, 1.5e-3
_PUMP_EFFICIENCY, _MOTOR_EFFICIENCY = 0.78, 0.93
# The process asks for a little more and a little less: a swing of the speed in plant seconds.
_SPEED_SWING, _SWING_PERIOD = 0.015, 420.0
_AMBIENT = 24.0
_FRICTION_HEAT, _WEAR_HEAT = 0.42, 0.6
_BEARING_CONDUCTANCE, _BEARING_CAPACITY = 0.012, 1.2
# Vibration velocity in mm/s rms (ISO 20816): floor, share that grows with the square, wear's share.
_VIBRATION_FLOOR, _VIBRATION_IMBALANCE, _VIBRATION_WEAR = 1.1, 1.2, 7.5
# Without lubrication a bearing is gone within minutes of running.
_WEAR_RATE, _WEAR_FEEDBACK, _WEAR_LIMIT = 7.0e-4, 2.5, 1.0

_VIBRATION = Sensor(noise=0.06, step=0.01)
_TEMPERATURE = Sensor(noise=0.08, step=0.1)
_SPEED = Sensor(noise=0.8, step=1.0)
_FLOW = Sensor(noise=0.25, step=0.1)
_HEAD = Sensor(noise=0.05, step=0.01)
_POWER = Sensor(noise=0.03, step=0.01)


@dataclass(frozen=True, slots=True)
class Pump:
    """True state of the pump; time in plant seconds, `wear` from 0 (new) to 1 (destroyed)."""

    fault_at: float
    time: float = 0.0
    speed: float = RATED_SPEED
    wear: float = 0.0
    bearing_temp: float = 58.0
    energy: float = 41_250.0
    """kWh on the meter."""

    @property
    def flow(self) -> float:
        """m³/h."""
        return physics.operating_flow(
            self.speed / RATED_SPEED,
            shutoff_head=_SHUTOFF_HEAD,
            slope=_SLOPE,
            static_head=_STATIC_HEAD,
            resistance=_RESISTANCE,
        )

    @property
    def head(self) -> float:
        """m."""
        return _SHUTOFF_HEAD * (self.speed / RATED_SPEED) ** 2 - _SLOPE * self.flow**2

    @property
    def friction_heat(self) -> float:
        """kW that the bearing turns into heat."""
        ratio = self.speed / RATED_SPEED
        return ratio * (_FRICTION_HEAT + _WEAR_HEAT * self.wear)

    @property
    def shaft_power(self) -> float:
        """kW: water and losses in the pump, and the bearing's friction."""
        water = physics.hydraulic_power(self.flow, self.head)
        return water / _PUMP_EFFICIENCY + self.friction_heat

    @property
    def motor_power(self) -> float:
        """kW taken from the mains."""
        return self.shaft_power / _MOTOR_EFFICIENCY

    @property
    def vibration(self) -> float:
        """mm/s rms at the drive end; the imbalance's force grows with the square of the speed."""
        ratio = self.speed / RATED_SPEED
        return _VIBRATION_FLOOR + _VIBRATION_IMBALANCE * ratio**2 + _VIBRATION_WEAR * self.wear

    def step(self, dt: float) -> "Pump":
        """The pump `dt` plant seconds later."""
        phase = 2.0 * math.pi * (self.time + dt) / _SWING_PERIOD
        return replace(
            self,
            time=self.time + dt,
            speed=RATED_SPEED * (0.98 + _SPEED_SWING * math.sin(phase)),
            wear=self._worn(dt),
            bearing_temp=physics.heat_step(
                self.bearing_temp,
                heat=self.friction_heat,
                ambient=_AMBIENT,
                conductance=_BEARING_CONDUCTANCE,
                capacity=_BEARING_CAPACITY,
                dt=dt,
            ),
            energy=self.energy + physics.energy(self.motor_power, dt),
        )

    def repaired(self, next_fault_in: float) -> "Pump":
        """The pump with a new bearing, that will do for `next_fault_in` plant seconds."""
        return replace(self, wear=0.0, fault_at=self.time + next_fault_in)

    def measure(self, generator: random.Random) -> dict[str, float]:
        """What the sensors show now, by role."""
        return {
            "speed": _SPEED.measure(self.speed, generator),
            "flow": _FLOW.measure(self.flow, generator),
            "head": _HEAD.measure(self.head, generator),
            "motor_power": _POWER.measure(self.motor_power, generator),
            "de_vibration": _VIBRATION.measure(self.vibration, generator),
            "de_bearing_temp": _TEMPERATURE.measure(self.bearing_temp, generator),
            "energy": math.floor(self.energy * 10.0) / 10.0,
            "running": float(self.speed > 0.1 * RATED_SPEED),
        }

    def _worn(self, dt: float) -> float:
        if self.time < self.fault_at:
            return self.wear
        load = self.speed / RATED_SPEED
        return physics.wear_step(
            self.wear, rate=_WEAR_RATE * load, feedback=_WEAR_FEEDBACK, limit=_WEAR_LIMIT, dt=dt
        )
