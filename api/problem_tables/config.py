"""Errors of what everything stands on; the last entry is the root of all."""

from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType

from api.problem_type import INTERNAL, ProblemType
from config import errors as config

CONFIG: Mapping[type[config.OilcanError], ProblemType] = MappingProxyType(
    {
        config.DatabaseUnavailable: ProblemType(
            HTTPStatus.SERVICE_UNAVAILABLE,
            "database-unavailable",
            "The database cannot be reached",
            "the database cannot be reached",
        ),
        config.DatabaseOutdated: ProblemType(
            HTTPStatus.SERVICE_UNAVAILABLE,
            "database-outdated",
            "The database is older than this program",
            "the database lacks migration 0007_access: run `oilcan migrate`",
        ),
        config.LogUnavailable: ProblemType(
            HTTPStatus.SERVICE_UNAVAILABLE,
            "log-unavailable",
            "The log cannot be reached",
            "the log cannot be reached",
        ),
        config.OilcanError: INTERNAL,
    }
)
