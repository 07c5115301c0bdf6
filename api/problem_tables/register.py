"""Errors of the asset register, its imports, downtime and files."""

from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType

from api.problem_type import INTERNAL, ProblemType
from config.errors import OilcanError
from maintenance import errors as maintenance

REGISTER: Mapping[type[OilcanError], ProblemType] = MappingProxyType(
    {
        maintenance.AssetRetired: ProblemType(
            HTTPStatus.CONFLICT,
            "asset-retired",
            "The asset is retired",
            "asset P-101 is retired and takes no new work",
        ),
        maintenance.RegisterConflict: ProblemType(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            "register-conflict",
            "The register would contradict itself",
            "parent: P-101 cannot be a part of itself",
        ),
        maintenance.DowntimeOverlaps: ProblemType(
            HTTPStatus.CONFLICT,
            "downtime-overlaps",
            "The asset is down already at that time",
            "P-101 is down since 2026-11-23 10:00Z (downtime 7)",
        ),
        maintenance.DowntimeEnded: ProblemType(
            HTTPStatus.CONFLICT,
            "downtime-ended",
            "The downtime is over",
            "downtime 7 has ended at 2026-11-23 12:00Z",
        ),
        maintenance.ImportRefused: ProblemType(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            "import-refused",
            "Rows of the file are wrong",
            "row 3, column class: there is no asset class 'pmp'. Did you mean 'pump'?",
        ),
        maintenance.FileTooLarge: ProblemType(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            "file-too-large",
            "The file is too large",
            "the file is larger than 32 MiB",
        ),
        maintenance.FileEmpty: ProblemType(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            "file-empty",
            "The file holds nothing",
            "the file holds nothing",
        ),
        maintenance.FileMissing: INTERNAL,
    }
)
