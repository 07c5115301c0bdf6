"""Policies of work in plant files: how they reach the database, and what may be wrong."""

from collections.abc import Iterator, Sequence
from typing import Any

from config.documents import Problem
from config.suggestion import did_you_mean
from maintenance.orders.file import WorkPolicyShape
from maintenance.orders.policy_service import apply_work_policies
from maintenance.orders.work_policy import EVERY_SITE
from oilcan.plant.entries import Declared, Placed
from oilcan.plant.section import Known, Section, by_definition


def _problems(policies: Sequence[Placed[Any]], declared: Declared, _: Known) -> Iterator[Problem]:
    for placed in policies:
        site = placed.shape.site
        if site != EVERY_SITE and site not in declared.sites:
            message = f"there is no site {site!r}"
            yield placed.problem(("site",), message, did_you_mean(site, declared.sites))


WORK_POLICIES = Section(
    "work_policies",
    WorkPolicyShape,
    "work policy",
    "site",
    by_definition(apply_work_policies),
    _problems,
)
