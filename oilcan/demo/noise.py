"""What a sensor adds to the truth: noise from a seeded generator, and its own resolution."""

import random
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sensor:
    """Standard deviation of the noise and smallest step, both in the signal's unit."""

    noise: float
    step: float

    def measure(self, truth: float, generator: random.Random) -> float:
        """The number that the sensor shows: the truth with noise, in whole steps."""
        return round(round((truth + generator.gauss(0.0, self.noise)) / self.step) * self.step, 6)


def generator_for(seed: int, asset: str) -> random.Random:
    """A generator of the asset's own, so that one machine's draws never move another's."""
    return random.Random(f"{seed}/{asset}")  # noqa: S311 - repeatable noise, not a secret
