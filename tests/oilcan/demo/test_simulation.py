"""The demo's machines over time."""

import itertools
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oilcan.demo import physics
from oilcan.demo.compressor import ALARM_CLEAR, ALARM_RAISE, Compressor, alarm_after
from oilcan.demo.conveyor import SET_SPEED, Conveyor
from oilcan.demo.pump import Pump
from oilcan.demo.simulation import COMPRESSOR, CONVEYOR, PUMP, Measured, Simulation

TICK = 6.0


def history(seed: int, ticks: int, *, faulty: bool = True) -> list[Measured]:
    simulation = Simulation(seed)
    if faulty:
        simulation.develop()
    measured = []
    for _ in range(ticks):
        simulation.advance(TICK)
        measured.append(simulation.measure())
    return measured


def first_tick(measured: list[Measured], holds: Callable[[Measured], bool]) -> float:
    """Seconds of the demo at its default speed until a condition first holds."""
    return next(index for index, values in enumerate(measured) if holds(values)) * 0.1


@settings(max_examples=5, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_same_seed_gives_the_same_measurements(seed: int) -> None:
    assert history(seed, 20) == history(seed, 20)


def test_another_seed_gives_other_noise() -> None:
    assert history(1, 5) != history(2, 5)


def test_a_repair_of_one_machine_leaves_the_others_as_they_were() -> None:
    mended, left = Simulation(3), Simulation(3)
    mended.repair(PUMP)
    mended.advance(TICK)
    left.advance(TICK)
    assert mended.measure()[COMPRESSOR] == left.measure()[COMPRESSOR]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_healthy_plant_stays_within_every_limit(seed: int) -> None:
    for values in history(seed, 600, faulty=False):
        assert values[PUMP]["de_vibration"] < 4.0
        assert values[PUMP]["de_bearing_temp"] < 75.0
        assert values[COMPRESSOR]["discharge_temp"] < 90.0
        assert values[CONVEYOR]["belt_speed"] > 1.4
        assert values[CONVEYOR]["motor_current"] < 17.0


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_every_fault_shows_within_the_first_half_minute(seed: int) -> None:
    measured = history(seed, 300)
    shows = [
        first_tick(measured, lambda values: values[PUMP]["de_vibration"] > 4.5),
        first_tick(measured, lambda values: values[PUMP]["de_vibration"] > 7.1),
        first_tick(measured, lambda values: values[PUMP]["de_bearing_temp"] > 85.0),
        first_tick(measured, lambda values: values[COMPRESSOR]["discharge_temp"] > 98.0),
        first_tick(measured, lambda values: values[CONVEYOR]["belt_speed"] < 0.5),
    ]
    assert min(shows) < 10.0
    assert max(shows) < 25.0
    assert len({round(second) for second in shows}) >= 4


def test_current_rises_before_the_belt_stands() -> None:
    measured = history(1, 300)
    overloaded = first_tick(measured, lambda values: values[CONVEYOR]["motor_current"] > 18.0)
    standing = first_tick(measured, lambda values: values[CONVEYOR]["belt_speed"] < 0.1)
    assert overloaded < standing
    assert measured[-1][CONVEYOR]["motor_current"] > 18.0


@settings(max_examples=20, deadline=None)
@given(dts=st.lists(st.floats(0.01, 60.0), min_size=2, max_size=40))
def test_the_bearing_only_ever_wears(dts: list[float]) -> None:
    pumps = list(itertools.accumulate(dts, Pump.step, initial=Pump(fault_at=30.0)))
    assert all(before.wear <= after.wear for before, after in itertools.pairwise(pumps))


@settings(max_examples=20, deadline=None)
@given(dts=st.lists(st.floats(0.01, 60.0), min_size=1, max_size=40))
def test_the_energy_counted_is_the_power_taken_over_time(dts: list[float]) -> None:
    pump = Pump(fault_at=30.0)
    taken = 0.0
    start = pump.energy
    for dt in dts:
        taken += pump.motor_power * dt / 3600.0
        pump = pump.step(dt)
    assert pump.energy - start == pytest.approx(taken, rel=1e-6, abs=1e-6)


@given(fault_at=st.floats(0, 100), dt=st.floats(0.01, 2000))
def test_motor_power_covers_the_water_and_the_bearing(fault_at: float, dt: float) -> None:
    pump = Pump(fault_at=fault_at).step(dt).step(dt)
    assert pump.motor_power > physics.hydraulic_power(pump.flow, pump.head) + pump.friction_heat


def test_a_new_bearing_brings_the_pump_back() -> None:
    simulation = Simulation(1)
    simulation.develop()
    simulation.advance(1200.0)
    simulation.repair(PUMP)
    simulation.advance(900.0)
    assert simulation.pump.vibration < 3.0
    assert simulation.pump.bearing_temp < 70.0


def test_a_clean_cooler_ends_the_alarm() -> None:
    simulation = Simulation(1)
    simulation.develop()
    simulation.advance(1800.0)
    alarmed = simulation.compressor.alarm
    simulation.repair(COMPRESSOR)
    simulation.advance(900.0)
    assert alarmed
    assert not simulation.compressor.alarm


@given(temperature=st.floats(ALARM_CLEAR + 0.1, ALARM_RAISE))
def test_between_its_limits_the_alarm_stays_as_it_is(temperature: float) -> None:
    assert alarm_after(temperature, was_active=True)
    assert not alarm_after(temperature, was_active=False)


def test_a_fouled_cooler_takes_less_heat() -> None:
    clean, fouled = Compressor(fault_at=1e9, time=600.0), Compressor(fault_at=0.0, time=600.0)
    assert fouled.cooler_conductance < 0.6 * clean.cooler_conductance


@settings(max_examples=20, deadline=None)
@given(fault_at=st.floats(0, 60), steps=st.integers(1, 4000))
def test_the_belt_never_runs_backward_nor_faster_than_its_pulley(
    fault_at: float, steps: int
) -> None:
    conveyor = Conveyor(fault_at=fault_at)
    for _ in range(steps):
        conveyor = conveyor.step(0.1)
        assert 0.0 <= conveyor.belt_speed <= SET_SPEED
