"""What keeps the plant from being worked with, in words. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from api.live.status_board import RoleState
from config.clock import from_us

ROLES = ("edge", "ingest", "conditions", "maintenance")
_LOST = "failed"


@dataclass(frozen=True, slots=True)
class Engines:
    """Can the database and the log be reached, and is the schema this program's?"""

    database: bool
    schema: bool
    log: bool


def checks(engines: Engines, roles: Sequence[RoleState], *, lag_limit_s: float) -> dict[str, bool]:
    """Each thing that has to hold, and whether it does."""
    alive = {state.status.role for state in roles if state.alive}
    return {
        "database": engines.database,
        "schema": engines.schema,
        "log": engines.log,
        **{f"role:{role}": role in alive for role in ROLES},
        "lag": all(lag_s <= lag_limit_s for _, lag_s in _lags(roles)),
    }


def problems(engines: Engines, roles: Sequence[RoleState], *, lag_limit_s: float) -> list[str]:
    """A sentence for each check that does not hold."""
    held = checks(engines, roles, lag_limit_s=lag_limit_s)
    found = []
    if not engines.database:
        found.append("the database cannot be reached")
    elif not engines.schema:
        found.append("the database is older than this program: run `oilcan migrate`")
    if engines.log:
        found += [_silent(role, engines, roles) for role in ROLES if not held[f"role:{role}"]]
    else:
        # Over the log is the only way to hear of anybody.
        found.append("the log cannot be reached, so nobody can be heard of")
    found += [
        f"{name} has not stored what is older than {lag_s:.0f} s; the limit is {lag_limit_s:g} s"
        for name, lag_s in _lags(roles)
        if lag_s > lag_limit_s
    ]
    return found


def complaints(roles: Sequence[RoleState]) -> list[str]:
    """What living roles say of themselves, their lost sources and devices, and silent edges."""
    told = [text for state in roles if state.alive for text in _complaints(state)]
    return told + silent_edges(roles)


def silent_edges(roles: Sequence[RoleState]) -> list[str]:
    """A sentence for each edge that was heard of and is not any more, while others are."""
    edges = [state for state in roles if state.status.role == "edge"]
    if not any(state.alive for state in edges):
        return []
    return [
        f"edge {state.status.name} is silent since {from_us(state.status.ts):%Y-%m-%d %H:%M} UTC"
        for state in edges
        if not state.alive
    ]


def _silent(role: str, engines: Engines, roles: Sequence[RoleState]) -> str:
    """A sentence for a role that nobody has at present; the database remembers edges for a month."""
    never = all(state.status.role != role for state in roles)
    if role == "edge" and never and engines.database and engines.schema:
        return "no edge was ever heard of, so nothing is collected: give `oilcan up` a plant folder"
    return f"no {role} was heard of within 5 s"


def _complaints(state: RoleState) -> Iterator[str]:
    status = state.status
    lost = [name for name, part in status.parts.items() if part.state == _LOST]
    for name in lost:
        yield f"{status.name}: source {name} is lost: {status.parts[name].message}"
    if not status.healthy and not (lost and status.message.startswith("lost: ")):
        yield f"{status.role} {status.name}: {status.message}"
    for name, part in status.parts.items():
        if part.state != _LOST:
            for device, said in part.devices.items():
                if said.state == _LOST:
                    yield f"{status.name}: device {device} of {name} is lost: {said.message}"


def _lags(roles: Sequence[RoleState]) -> Iterator[tuple[str, float]]:
    for state in roles:
        if state.alive and state.status.role == "ingest":
            yield state.status.name, state.status.metrics.get("lag_seconds", 0.0)
