"""Laws of physics that the demo's machines obey, each a pure function in SI or the units it names.

Sources: Gülich, Centrifugal Pumps (2020); ISO 5801 and ISO 1217 for fans and compressors; Archard,
J. Appl. Phys. 24 (1953); Kern and Seaton, Brit. Chem. Eng. 4 (1959); DIN 22101 for belt conveyors.
"""

import math

GRAVITY = 9.81
WATER_DENSITY = 998.0
KELVIN = 273.15
_SECONDS_PER_HOUR = 3600.0


def operating_flow(
    speed_ratio: float, *, shutoff_head: float, slope: float, static_head: float, resistance: float
) -> float:
    """Flow in m³/h at which pump curve and system curve meet; 0 where the pump lifts too little.

    The pump's curve H = H₀·s² - k·Q² carries the affinity laws (Q ~ s, H ~ s², Gülich ch. 3.5); the
    system's is H = Hₛ + r·Q². Heads in m, `slope` and `resistance` in m/(m³/h)².
    """
    surplus = shutoff_head * speed_ratio**2 - static_head
    return math.sqrt(max(surplus, 0.0) / (slope + resistance))


def hydraulic_power(flow: float, head: float) -> float:
    """Power in kW that `flow` m³/h of water takes up over `head` m: density·g·Q·H."""
    return WATER_DENSITY * GRAVITY * (flow / _SECONDS_PER_HOUR) * head / 1000.0


def energy(power: float, dt: float) -> float:
    """Energy in kWh of `power` kW over `dt` seconds."""
    return power * dt / _SECONDS_PER_HOUR


def heat_step(
    temperature: float,
    *,
    heat: float,
    ambient: float,
    conductance: float,
    capacity: float,
    dt: float,
) -> float:
    """Temperature after `dt` seconds of a lumped mass: C·dT/dt = P - UA·(T - Tₐ).

    Solved exactly, so any `dt` is stable. `heat` in kW, `conductance` in kW/K, `capacity` in kJ/K.
    """
    settled = ambient + heat / conductance
    return settled + (temperature - settled) * math.exp(-dt * conductance / capacity)


def wear_step(wear: float, *, rate: float, feedback: float, limit: float, dt: float) -> float:
    """Relative wear after `dt` seconds; never less than before, never above `limit`.

    Archard: wear grows with load and sliding distance, so `rate` (1/s) is in proportion to both. A
    worn bearing shakes, and the shaking loads it: the rate grows by `feedback` times the wear.
    """
    return min(limit, wear + rate * (1.0 + feedback * wear) * dt)


def fouling(age: float, *, limit: float, time_constant: float) -> float:
    """Thermal resistance of a deposit after `age` seconds: R = R∞·(1 - e^(-t/τ)), Kern-Seaton."""
    return limit * -math.expm1(-max(age, 0.0) / time_constant)


def polytropic_temperature(suction: float, pressure_ratio: float, exponent: float) -> float:
    """Discharge temperature in °C of a polytropic compression from `suction` °C.

    T₂ = T₁·(p₂/p₁)^((n-1)/n), temperatures in kelvin (ISO 1217).
    """
    return (suction + KELVIN) * math.pow(pressure_ratio, (exponent - 1.0) / exponent) - KELVIN


def three_phase_current(power: float, *, voltage: float, power_factor: float) -> float:
    """Line current in A of `power` kW: I = P / (√3·U·cos φ)."""
    return power * 1000.0 / (math.sqrt(3.0) * voltage * power_factor)


def belt_resistance(*, length: float, line_mass: float, friction: float, secondary: float) -> float:
    """Motional resistance in N of a level belt, DIN 22101: F = C·f·L·g·m'."""
    return secondary * friction * length * GRAVITY * line_mass


def belt_grip(*, slack_tension: float, friction: float, wrap: float) -> float:
    """Greatest force in N that a pulley passes to a belt, Euler-Eytelwein: F = T₂·(e^(μα) - 1)."""
    return slack_tension * math.expm1(friction * wrap)
