"""The machines together: one clock, one seed, fixed steps."""

import random
from dataclasses import dataclass, field

from oilcan.demo.compressor import Compressor
from oilcan.demo.conveyor import Conveyor
from oilcan.demo.inventory import COMPRESSOR, CONVEYOR, PUMP
from oilcan.demo.noise import generator_for
from oilcan.demo.pump import Pump

STEP_S = 0.1
PACE = 60.0
"""Plant seconds in one second of the demo at speed 1: a minute passes each second."""

_FIRST_FAULT_S = {PUMP: 60.0, COMPRESSOR: 240.0, CONVEYOR: 400.0}
_NEXT_FAULT_S = 1800.0
_NEVER = float("inf")

Measured = dict[str, dict[str, float]]
"""What all sensors show: asset, then role, then value."""


@dataclass(slots=True)
class Simulation:
    """The plant: healthy until `develop`, then each machine's fault comes in its own time.

    The n-th measurement is the same for the same seed, step sizes and calls.
    """

    seed: int
    pump: Pump = field(default_factory=lambda: Pump(fault_at=_NEVER))
    compressor: Compressor = field(default_factory=lambda: Compressor(fault_at=_NEVER))
    conveyor: Conveyor = field(default_factory=lambda: Conveyor(fault_at=_NEVER))
    _generators: dict[str, random.Random] = field(init=False)

    def __post_init__(self) -> None:
        self._generators = {
            asset: generator_for(self.seed, asset) for asset in (PUMP, COMPRESSOR, CONVEYOR)
        }

    def develop(self) -> None:
        """Let the faults begin: the pump's first, the conveyor's last."""
        self.pump = self.pump.repaired(_FIRST_FAULT_S[PUMP])
        self.compressor = self.compressor.repaired(_FIRST_FAULT_S[COMPRESSOR])
        self.conveyor = self.conveyor.repaired(_FIRST_FAULT_S[CONVEYOR])

    def repair(self, asset: str) -> None:
        """Mend a machine; its fault comes again after half an hour of plant time."""
        if asset == PUMP:
            self.pump = self.pump.repaired(_NEXT_FAULT_S)
        elif asset == COMPRESSOR:
            self.compressor = self.compressor.repaired(_NEXT_FAULT_S)
        elif asset == CONVEYOR:
            self.conveyor = self.conveyor.repaired(_NEXT_FAULT_S)

    def advance(self, seconds: float) -> None:
        """Step all machines by `seconds` of plant time, in steps that the stiffest one can take."""
        steps = max(1, round(seconds / STEP_S))
        dt = seconds / steps
        for _ in range(steps):
            self.pump = self.pump.step(dt)
            self.compressor = self.compressor.step(dt)
            self.conveyor = self.conveyor.step(dt)

    def measure(self) -> Measured:
        """What all sensors show now."""
        return {
            PUMP: self.pump.measure(self._generators[PUMP]),
            COMPRESSOR: self.compressor.measure(self._generators[COMPRESSOR]),
            CONVEYOR: self.conveyor.measure(self._generators[CONVEYOR]),
        }
