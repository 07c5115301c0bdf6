"""Errors of rules, events, shelving and backtests."""

from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType

from api.problem_type import INTERNAL, ProblemType, not_found, transition_refused
from conditions import errors as conditions
from config.errors import OilcanError

CONDITIONS: Mapping[type[OilcanError], ProblemType] = MappingProxyType(
    {
        conditions.EventNotFound: not_found("there is no event 9"),
        conditions.RuleNotFound: not_found("there is no rule pump/x"),
        conditions.RuleInvalid: ProblemType(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            "rule-invalid",
            "The rule has mistakes",
            "request: 'tmp' is not an input; Did you mean 'temp'?",
        ),
        conditions.RuleTransitionRefused: transition_refused(
            "cannot activate pump/hot version 3: it is draft; allowed now: shadow, retire"
        ),
        conditions.BacktestNotFound: not_found("there is no backtest 9"),
        conditions.BacktestRefused: ProblemType(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            "backtest-refused",
            "This backtest could tell nothing",
            "start has to be before end",
        ),
        conditions.BacktestCancelled: INTERNAL,
        conditions.FailuresUnreadable: INTERNAL,
        conditions.AssetUnknown: ProblemType(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            "asset-unknown",
            "The asset is not in the register",
            "apply the asset before its parameters",
        ),
        conditions.RuleUnknown: ProblemType(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            "rule-unknown",
            "There is no such rule",
            "there is no rule 'pump/hto'; a device's alarm is written alarm/CODE",
        ),
        conditions.EventClosed: ProblemType(
            HTTPStatus.CONFLICT,
            "event-closed",
            "The event has cleared",
            "event 9 has cleared: there is nothing to shelve",
        ),
        conditions.ShelfTooLong: ProblemType(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            "shelf-too-long",
            "It may not be shelved until then",
            "shelve a critical event for at most 8 hours",
        ),
        conditions.NotShelved: ProblemType(
            HTTPStatus.CONFLICT, "not-shelved", "The event is not shelved", "event 9 is not shelved"
        ),
        conditions.ResetRefused: ProblemType(
            HTTPStatus.CONFLICT,
            "reset-refused",
            "The event cannot be reset now",
            "event 9 cannot be reset: acknowledge it first",
        ),
        conditions.AlreadyOutOfService: ProblemType(
            HTTPStatus.CONFLICT,
            "already-out-of-service",
            "It is out of service already",
            "every alarm of P-101 is out of service already",
        ),
        conditions.NotInForce: not_found("nothing is out of service under 9"),
        conditions.LibraryEntryUnknown: not_found("there is no template 'pump'"),
        conditions.SnapshotUnreadable: INTERNAL,
    }
)
