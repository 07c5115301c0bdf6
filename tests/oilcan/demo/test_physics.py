"""Laws of the demo's machines."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oilcan.demo import physics

ratios = st.floats(0.3, 1.2)
seconds = st.floats(0.001, 3600.0)


@given(ratio=ratios)
def test_flow_and_speed_are_in_proportion_where_no_static_head_is_lifted(ratio: float) -> None:
    def curve(s: float) -> float:
        return physics.operating_flow(
            s, shutoff_head=46.0, slope=8e-4, static_head=0.0, resistance=1.5e-3
        )

    assert curve(ratio) == pytest.approx(ratio * curve(1.0))


def test_a_pump_too_slow_for_the_static_head_delivers_nothing() -> None:
    flow = physics.operating_flow(
        0.3, shutoff_head=46.0, slope=8e-4, static_head=8.0, resistance=1.5e-3
    )
    assert flow == 0.0


def test_hydraulic_power_of_a_known_duty_point() -> None:
    # 360 m3/h are 0.1 m3/s; over 10 m that is 998 * 9.81 * 0.1 * 10 W.
    assert physics.hydraulic_power(360.0, 10.0) == pytest.approx(9.790, abs=1e-3)


@given(start=st.floats(-20, 200), heat=st.floats(0, 5), dt=seconds)
def test_a_heated_mass_moves_toward_its_balance_and_never_past_it(
    start: float, heat: float, dt: float
) -> None:
    balance = 20.0 + heat / 0.012
    after = physics.heat_step(
        start, heat=heat, ambient=20.0, conductance=0.012, capacity=1.2, dt=dt
    )
    assert min(start, balance) - 1e-9 <= after <= max(start, balance) + 1e-9


@given(start=st.floats(-20, 200), heat=st.floats(0, 5), dt=seconds)
def test_two_half_steps_heat_as_one_whole(start: float, heat: float, dt: float) -> None:
    def step(temperature: float, span: float) -> float:
        return physics.heat_step(
            temperature, heat=heat, ambient=20.0, conductance=0.012, capacity=1.2, dt=span
        )

    assert step(step(start, dt / 2), dt / 2) == pytest.approx(step(start, dt), rel=1e-9, abs=1e-9)


@given(wear=st.floats(0, 1), rate=st.floats(0, 0.1), feedback=st.floats(0, 10), dt=seconds)
def test_wear_never_heals_and_ends_at_its_limit(
    wear: float, rate: float, feedback: float, dt: float
) -> None:
    assert wear <= physics.wear_step(wear, rate=rate, feedback=feedback, limit=1.0, dt=dt) <= 1.0


@given(ages=st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=2))
def test_fouling_only_grows(ages: list[float]) -> None:
    younger, older = (physics.fouling(age, limit=1.3, time_constant=200.0) for age in sorted(ages))
    assert 0.0 <= younger <= older <= 1.3


def test_adiabatic_compression_of_air_from_textbook() -> None:
    # Moran and Shapiro: air at 300 K through a ratio of 10 with n = 1.4 leaves at 579 K.
    assert physics.polytropic_temperature(26.85, 10.0, 1.4) == pytest.approx(306.1, abs=0.2)


@given(ratio=st.floats(1.0, 20.0))
def test_isothermal_compression_heats_nothing(ratio: float) -> None:
    assert physics.polytropic_temperature(20.0, ratio, 1.0) == pytest.approx(20.0)


def test_line_current_of_a_known_motor() -> None:
    assert physics.three_phase_current(45.0, voltage=400.0, power_factor=0.86) == pytest.approx(
        75.5, abs=0.1
    )


@given(friction=st.floats(0.01, 0.6), wrap=st.floats(0.5, 4.5))
def test_grip_follows_euler_eytelwein(friction: float, wrap: float) -> None:
    slack = 1000.0
    tight = slack + physics.belt_grip(slack_tension=slack, friction=friction, wrap=wrap)
    assert math.log(tight / slack) == pytest.approx(friction * wrap)
