"""What is down is told in words, and nothing else is."""

import pytest

from api.live.status_board import RoleState, StatusBoard
from api.readiness import ROLES, Engines, checks, complaints, problems
from config.clock import from_us
from config.status import Part, Status

WELL = Engines(database=True, schema=True, log=True)


def roles(lag_s: float = 1.0, **parts: Part) -> list[RoleState]:
    board = StatusBoard(lambda: 0)
    for role in ROLES:
        metrics = {"lag_seconds": lag_s} if role == "ingest" else {}
        held = parts if role == "edge" else {}
        board.take(Status(role, f"{role}-1", 0, healthy=True, metrics=metrics, parts=held))
    return board.roles()


def test_where_all_is_well_nothing_is_said() -> None:
    assert problems(WELL, roles(), lag_limit_s=60) == []
    assert all(checks(WELL, roles(), lag_limit_s=60).values())
    assert complaints(roles(hall=Part("connected"))) == []


@pytest.mark.parametrize(
    ("engines", "said"),
    [
        (Engines(database=False, schema=False, log=True), "the database cannot be reached"),
        (Engines(database=True, schema=False, log=True), "run `oilcan migrate`"),
        (Engines(database=True, schema=True, log=False), "the log cannot be reached"),
    ],
)
def test_an_engine_that_is_away_is_told_once(engines: Engines, said: str) -> None:
    [problem] = problems(engines, roles(), lag_limit_s=60)
    assert said in problem


def test_a_silent_role_is_told() -> None:
    heard = [state for state in roles() if state.status.role != "conditions"]
    assert problems(WELL, heard, lag_limit_s=60) == ["no conditions was heard of within 5 s"]


def test_an_edge_that_others_remember_is_told_while_it_is_silent() -> None:
    board = StatusBoard(lambda: 90_000_000)
    board.take(Status("edge", "edge-1", 90_000_000, healthy=True))
    board.remember("edge", {name: from_us(60_000_000) for name in ("edge-1", "hall-2")})
    assert complaints(board.roles()) == ["edge hall-2 is silent since 1970-01-01 00:01 UTC"]
    assert board.heard("edge") == {"edge-1": from_us(90_000_000)}
    board.take(Status("edge", "hall-2", 90_000_000, healthy=True))
    assert complaints(board.roles()) == []
    assert [state.status.name for state in board.roles()] == ["edge-1", "hall-2"]


def test_where_no_edge_is_heard_of_that_is_all_there_is_to_tell() -> None:
    board = StatusBoard(lambda: 90_000_000)
    board.remember("edge", {"hall-2": from_us(60_000_000)})
    assert complaints(board.roles()) == []
    assert not board.alive("edge")


def test_storing_that_lags_beyond_the_limit_is_told_with_both() -> None:
    assert checks(WELL, roles(60.0), lag_limit_s=60)["lag"]
    assert not checks(WELL, roles(75.0), lag_limit_s=60)["lag"]
    [problem] = problems(WELL, roles(75.0), lag_limit_s=60)
    assert problem == "ingest-1 has not stored what is older than 75 s; the limit is 60 s"


def test_a_lost_source_is_told_and_its_devices_with_it() -> None:
    unit = {"P-1/1": Part("failed", "no answer"), "P-2/2": Part("connected")}
    assert complaints(roles(hall=Part("failed", "no route", devices=unit))) == [
        "edge-1: source hall is lost: no route"
    ]
    assert complaints(roles(hall=Part("connected", devices=unit))) == [
        "edge-1: device P-1/1 of hall is lost: no answer"
    ]


def test_what_a_role_says_of_itself_is_told() -> None:
    board = StatusBoard(lambda: 0)
    board.take(Status("edge", "edge-1", 0, healthy=False, message="the log is full"))
    assert complaints(board.roles()) == ["edge edge-1: the log is full"]
