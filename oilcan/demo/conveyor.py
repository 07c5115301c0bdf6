"""Conveyor B-301: a jam brakes the belt until the pulley slips under it and the belt stands."""

import math
import random
from dataclasses import dataclass, replace

from oilcan.demo import physics
from oilcan.demo.noise import Sensor

SET_SPEED = 1.6
_LENGTH, _FRICTION, _SECONDARY = 60.0, 0.025, 2.0
_BELT_MASS, _LOAD_MASS = 50.0, 40.0
_LOAD_SWING, _SWING_PERIOD = 4.0, 240.0
_SLACK_TENSION, _GRIP_FRICTION, _WRAP = 3000.0, 0.35, math.pi
# Once it slips, rubber on steel grips less.
_SLIDING_SHARE = 0.85
# Force per slip speed while the belt still creeps with the pulley.
_CREEP_STIFFNESS = 60_000.0
_JAM_GROWTH, _JAM_LIMIT = 12.0, 7000.0
_IDLE_CURRENT, _CURRENT_PER_FORCE = 6.0, 0.003

_SPEED = Sensor(noise=0.004, step=0.001)
_CURRENT = Sensor(noise=0.12, step=0.1)
_LOAD = Sensor(noise=0.8, step=0.5)


@dataclass(frozen=True, slots=True)
class Conveyor:
    """True state of the conveyor; time in plant seconds."""

    fault_at: float
    time: float = 0.0
    belt_speed: float = SET_SPEED - 0.05
    """m/s."""

    @property
    def line_load(self) -> float:
        """kg of material on each metre of the belt."""
        return _LOAD_MASS + _LOAD_SWING * math.sin(2.0 * math.pi * self.time / _SWING_PERIOD)

    @property
    def load(self) -> float:
        """t/h over the belt scale."""
        return 3.6 * self.line_load * self.belt_speed

    @property
    def resistance(self) -> float:
        """N that hold the belt back: its own motion, and the jam."""
        motion = physics.belt_resistance(
            length=_LENGTH,
            line_mass=_BELT_MASS + self.line_load,
            friction=_FRICTION,
            secondary=_SECONDARY,
        )
        return motion + min(_JAM_LIMIT, _JAM_GROWTH * max(0.0, self.time - self.fault_at))

    @property
    def traction(self) -> float:
        """N that the pulley passes to the belt: by creep up to its grip, less once it slides."""
        grip = physics.belt_grip(slack_tension=_SLACK_TENSION, friction=_GRIP_FRICTION, wrap=_WRAP)
        wanted = _CREEP_STIFFNESS * (SET_SPEED - self.belt_speed)
        return wanted if wanted <= grip else _SLIDING_SHARE * grip

    @property
    def motor_current(self) -> float:
        """A."""
        return _IDLE_CURRENT + _CURRENT_PER_FORCE * self.traction

    def step(self, dt: float) -> "Conveyor":
        """The conveyor `dt` plant seconds later; friction stops the belt but never reverses it.

        `dt` below 0.15 s: the creep is stiff.
        """
        mass = _LENGTH * (_BELT_MASS + self.line_load)
        speed = self.belt_speed + (self.traction - self.resistance) / mass * dt
        return replace(self, time=self.time + dt, belt_speed=max(0.0, speed))

    def repaired(self, next_fault_in: float) -> "Conveyor":
        """The conveyor with the jam cleared; the next one begins in `next_fault_in` seconds."""
        return replace(self, fault_at=self.time + next_fault_in, belt_speed=SET_SPEED - 0.05)

    def measure(self, generator: random.Random) -> dict[str, float]:
        """What the sensors show now, by role."""
        return {
            "belt_speed": max(0.0, _SPEED.measure(self.belt_speed, generator)),
            "motor_current": _CURRENT.measure(self.motor_current, generator),
            "load": max(0.0, _LOAD.measure(self.load, generator)),
        }
