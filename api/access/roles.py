"""Roles, and what each of them may do."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class Permission(StrEnum):
    """One kind of thing that a caller does."""

    READ = "read"
    CREATE = "create"
    """Report a fault or draft a work order."""
    ACKNOWLEDGE = "acknowledge"
    """Say that one has seen an event, and reset one that is latched."""
    SHELVE = "shelve"
    """Put an event aside for a while."""
    SILENCE = "silence"
    """Take alarms out of service, and suppress them by design."""
    WORK = "work"
    """Start and complete work."""
    APPROVE = "approve"
    """Approve, schedule and cancel work."""
    CLOSE = "close"
    KEEP_METERS = "keep_meters"
    """Record that a meter was replaced, and correct what it counted."""
    KEEP_REGISTER = "keep_register"
    """Make, change, move and retire assets, and load many from a file."""
    KEEP_JOB_PLANS = "keep_job_plans"
    """Write job plans and rounds, which say how work is done."""
    KEEP_PLANS = "keep_plans"
    """Write maintenance plans, pause them, and decide about work that they have ahead."""
    KEEP_KNOWLEDGE = "keep_knowledge"
    """Write and publish articles."""
    KEEP_PEOPLE = "keep_people"
    """Keep people, teams, calendars, rules of assignment and service levels; freeze schedules."""
    KEEP_STOCK = "keep_stock"
    """Keep parts and storerooms: take in, move, count, put right, take back."""
    OVERDRAW_STOCK = "overdraw_stock"
    """Take out more than the books say is there, with a reason, where the storeroom permits it."""
    PROCURE = "procure"
    """Ask for parts, approve within the plant's limit, order, receive, and have vendors do work."""
    SPEND = "spend"
    """Approve any amount."""
    TUNE = "tune"
    """Draft, try, activate and retire rules, and replay them over history."""
    WRITE = "write"
    """Set a value in a device."""
    ADMINISTER = "administer"


class Role(StrEnum):
    """What a person or a key is to the plant; from the least to the most trusted."""

    VIEWER = "viewer"
    REQUESTER = "requester"
    TECHNICIAN = "technician"
    PLANNER = "planner"
    RELIABILITY_ENGINEER = "reliability_engineer"
    ADMINISTRATOR = "administrator"


_VIEW = frozenset({Permission.READ})
_REQUEST = _VIEW | {Permission.CREATE}
_CARRY_OUT = _REQUEST | {Permission.ACKNOWLEDGE, Permission.WORK}
_PLAN = _CARRY_OUT | {
    Permission.APPROVE,
    Permission.CLOSE,
    Permission.KEEP_METERS,
    Permission.KEEP_PEOPLE,
    Permission.KEEP_JOB_PLANS,
    Permission.KEEP_KNOWLEDGE,
    Permission.KEEP_PLANS,
    Permission.KEEP_REGISTER,
    Permission.KEEP_STOCK,
    Permission.OVERDRAW_STOCK,
    Permission.PROCURE,
    Permission.SHELVE,
}

PERMISSIONS: Mapping[Role, frozenset[Permission]] = MappingProxyType(
    {
        Role.VIEWER: _VIEW,
        Role.REQUESTER: _REQUEST,
        Role.TECHNICIAN: _CARRY_OUT,
        Role.PLANNER: _PLAN,
        Role.RELIABILITY_ENGINEER: _PLAN | {Permission.SILENCE, Permission.TUNE, Permission.WRITE},
        Role.ADMINISTRATOR: frozenset(Permission),
    }
)


def may(role: Role, permission: Permission) -> bool:
    """Does the role include the permission?"""
    return permission in PERMISSIONS[role]
