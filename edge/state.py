"""How an edge stands: its sources, its log, and where it is a gateway its hub; as one status."""

from dataclasses import dataclass, field

from config.clock import now_us
from config.log_store import Usage
from config.status import Status
from edge.definitions import Definitions
from edge.forwarder import Forwarder
from edge.health import State
from edge.publisher import Publisher
from edge.supervisor import Supervisor

_BEHIND_S = 10.0


@dataclass(slots=True)
class EdgeState:
    """What the status of an edge is made of; `usage` is looked at anew each second."""

    edge: str
    publisher: Publisher
    supervisor: Supervisor
    definitions: Definitions
    forwarder: Forwarder | None = None
    usage: Usage = field(default_factory=Usage)


def status(state: EdgeState) -> Status:
    """How the edge and each of its sources stand at present."""
    parts = state.supervisor.parts()
    lost = [name for name, part in parts.items() if part.state == State.FAILED]
    said = [_log_problem(state), _hub_problem(state)]
    said += [f"lost: {', '.join(lost)}" if lost else "", state.definitions.problem]
    message = "; ".join(filter(None, said))
    metrics = _published(state.publisher) | _kept(state)
    return Status("edge", state.edge, now_us(), not message, message, metrics, parts)


def _log_problem(state: EdgeState) -> str:
    if state.publisher.outage.full:
        used, bound = state.usage.bytes, state.usage.max_bytes
        return f"{state.publisher.problem}: {used} bytes of {bound}"
    return state.publisher.problem


def _hub_problem(state: EdgeState) -> str:
    """Why the hub takes nothing, or how far it is behind."""
    if state.forwarder is None or state.forwarder.problem:
        return state.forwarder.problem if state.forwarder else ""
    behind_s = _behind_s(state)
    waiting = f"{state.usage.records} records, {state.usage.bytes} bytes"
    return f"the hub is {behind_s:.0f} s behind: {waiting}" if behind_s > _BEHIND_S else ""


def _behind_s(state: EdgeState) -> float:
    return max(0.0, (now_us() - state.usage.oldest_us) / 1e6) if state.usage.oldest_us else 0.0


def _published(publisher: Publisher) -> dict[str, float]:
    counts = publisher.counts
    return {
        "readings_total": float(counts.readings),
        "alarms_total": float(counts.alarms),
        "batches_total": float(counts.batches),
        "bytes_total": float(counts.bytes),
        "waiting_rows": float(publisher.waiting_rows),
    }


def _kept(state: EdgeState) -> dict[str, float]:
    """What the log holds; of a gateway's own, all of it is on its way to the hub."""
    kept = {
        "log_bytes": float(state.usage.bytes),
        "log_max_bytes": float(state.usage.max_bytes),
        "log_full": float(state.publisher.outage.full),
    }
    if state.forwarder is None:
        return kept
    return kept | {
        "hub_reached": float(not state.forwarder.problem),
        "hub_behind_seconds": _behind_s(state),
        "forwarded_records_total": float(state.forwarder.counts.records),
        "forwarded_bytes_total": float(state.forwarder.counts.bytes),
    }
