"""Errors of readings, meters and dead letters."""

from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType

from api.problem_type import INTERNAL, ProblemType, not_found, requirement_missing
from config.errors import OilcanError
from ingest import errors as ingest

INGEST: Mapping[type[OilcanError], ProblemType] = MappingProxyType(
    {
        ingest.CursorMoved: INTERNAL,
        ingest.NotAMeter: ProblemType(
            HTTPStatus.CONFLICT,
            "not-a-meter",
            "The point is no counter",
            "the point is no counter: only counters have a meter",
        ),
        ingest.FactMissing: not_found("the meter has no fact 9"),
        ingest.FactRefused: ProblemType(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            "fact-refused",
            "What is said of the meter cannot be so",
            "at: it lies in the future",
        ),
        ingest.ImportRefused: INTERNAL,
        ingest.ExportRefused: INTERNAL,
        ingest.DeadLetterMissing: not_found("there is no dead letter 9"),
        ingest.DeadLetterSettled: ProblemType(
            HTTPStatus.CONFLICT,
            "dead-letter-settled",
            "Somebody retried or discarded it before",
            "dead letter 9 was discarded by kim",
        ),
        ingest.RetryRefused: ProblemType(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            "retry-refused",
            "It still cannot be stored",
            "of 1 rows 0 are older than readings are kept and 1 lie too far in the future",
        ),
        ingest.DiscardReasonMissing: requirement_missing("say why it is given up"),
    }
)
