"""Errors of requests, orders and what is recorded at them: permits, labour, failures."""

from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType

from api.problem_type import ProblemType, not_found, requirement_missing, transition_refused
from config.errors import OilcanError
from maintenance import errors as maintenance

ORDERS: Mapping[type[OilcanError], ProblemType] = MappingProxyType(
    {
        maintenance.NotFound: not_found("there is no work order WO-9"),
        maintenance.KeptInFiles: ProblemType(
            HTTPStatus.CONFLICT,
            "kept-in-files",
            "It is kept in plant files",
            "job plan inspect-bearing is kept in the plant's files: change it there",
        ),
        maintenance.StaleVersion: ProblemType(
            HTTPStatus.PRECONDITION_FAILED,
            "stale-version",
            "It has changed since it was read",
            "WO-000001 has version 3, not 2: read it again",
        ),
        maintenance.TransitionRefused: transition_refused(
            "cannot close WO-000001: it is draft; allowed now: approve, cancel"
        ),
        maintenance.RequirementMissing: requirement_missing(
            "cannot cancel WO-000001: it needs a reason"
        ),
        maintenance.NotReady: ProblemType(
            HTTPStatus.CONFLICT,
            "not-ready",
            "Something has to be brought about first",
            "cannot start WO-000001: the permit for hot work is not issued",
        ),
        maintenance.AssigneeUnknown: ProblemType(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            "assignee-unknown",
            "Nobody who takes work has this code",
            "assignee: no person, team or vendor has the code 'kmi'; did you mean kim?",
        ),
        maintenance.TimeOverlaps: ProblemType(
            HTTPStatus.CONFLICT,
            "time-overlaps",
            "That time is taken already",
            "kim worked on WO-000001 in that time: entries do not overlap",
        ),
        maintenance.LabourRefused: ProblemType(
            HTTPStatus.CONFLICT,
            "labour-refused",
            "Time cannot be recorded so",
            "time is recorded while work is under way: WO-000001 is approved",
        ),
        maintenance.PermitRefused: ProblemType(
            HTTPStatus.CONFLICT,
            "permit-refused",
            "The permit does not take this step",
            "isolation XV-7 is not removed",
        ),
        maintenance.FamilyRefused: ProblemType(
            HTTPStatus.CONFLICT,
            "family-refused",
            "The order cannot be a part of that one",
            "WO-000001 is itself a part of WO-000002",
        ),
        maintenance.CodeUnknown: ProblemType(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            "code-unknown",
            "There is no such code",
            "there is no hold reason rain; there are waiting_parts, weather",
        ),
        maintenance.BulkRefused: ProblemType(
            HTTPStatus.CONFLICT,
            "bulk-refused",
            "Nothing was done",
            "nothing was done: 2 of the orders could not be changed",
        ),
        maintenance.ProblemOpen: ProblemType(
            HTTPStatus.CONFLICT,
            "problem-open",
            "An order about this problem is open",
            "WO-000001 is open about the same problem",
        ),
        maintenance.CodeTaken: ProblemType(
            HTTPStatus.CONFLICT,
            "code-taken",
            "The code is taken",
            "kim is the code of a person: choose another one",
        ),
        maintenance.JoinRefused: ProblemType(
            HTTPStatus.CONFLICT,
            "join-refused",
            "It cannot be joined to that",
            "WO-000001 is closed: nothing more is done for it",
        ),
        maintenance.MailUnreadable: ProblemType(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            "mail-unreadable",
            "The mail cannot be made a request",
            "it is encrypted",
        ),
        maintenance.MailboxUnavailable: ProblemType(
            HTTPStatus.SERVICE_UNAVAILABLE,
            "mailbox-unavailable",
            "The mailbox cannot be reached",
            "mail.example.com: connection refused",
        ),
    }
)
