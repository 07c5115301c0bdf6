"""Versions of rules: drafts, and their way through shadow to active and retired."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Response

from api.access.caller import Caller
from api.access.roles import Permission
from api.bodies.page import Page, PageQuery, cut, decode_cursor
from api.bodies.rule import (
    CheckedBody,
    DraftBody,
    ReasonBody,
    RuleBody,
    ShadowEventBody,
    VersionChangeBody,
    VersionDetail,
    VersionQuery,
)
from api.errors import CursorInvalid, IdempotencyKeyInFlight, IdempotencyKeyReused
from api.guard import Reader, require
from api.problems import documented
from api.services import ConnectionOf
from api.v1.repeatable import IdempotencyKey, repeatable
from conditions.errors import RuleInvalid, RuleNotFound, RuleTransitionRefused
from conditions.rule import Rule
from conditions.rule_file import load_rules
from conditions.rule_life import Moved, RuleAction
from conditions.rule_queries import (
    EventCount,
    RuleVersion,
    VersionFilter,
    event_counts,
    find_versions,
    get_version,
    shadow_events,
    version_changes,
)
from conditions.rule_service import draft_rule, move_rule
from config.database import Connection
from config.documents import Document
from maintenance.register.queries import list_asset_classes

router = APIRouter(prefix="/api/v1/rule-versions", tags=["Rules"])

Tuner = Annotated[Caller, Depends(require(Permission.TUNE))]
GIVEN = "request"
"""What stands for the file of a rule that came over the API."""


@dataclass(frozen=True, slots=True)
class Named:
    """A version by the name of its rule and its number."""

    asset_class: Annotated[str, Path(examples=["centrifugal_pump"])]
    rule_id: Annotated[str, Path(examples=["vibration_zone"])]
    version: Annotated[int, Path(ge=1, le=2**31 - 1, examples=[3])]

    @property
    def rule(self) -> str:
        """`asset_class/rule_id`."""
        return f"{self.asset_class}/{self.rule_id}"


NamedOf = Annotated[Named, Depends()]


@router.get("", summary="List versions of rules", responses=documented(CursorInvalid))
async def get_versions(
    connection: ConnectionOf, _: Reader, query: Annotated[VersionQuery, Query()]
) -> Page[RuleBody]:
    """Newest first."""
    after = decode_cursor(query.cursor, int)
    wanted = VersionFilter(query.rule, query.asset_class, query.state)
    found = await find_versions(
        connection, wanted, before=after[0] if after else None, limit=query.limit + 1
    )
    page, following = cut(found, query.limit, lambda version: [version.id])
    return Page(items=[RuleBody.model_validate(version) for version in page], next=following)


@router.post(
    "",
    status_code=201,
    summary="Draft a rule",
    responses=documented(RuleInvalid, IdempotencyKeyInFlight, IdempotencyKeyReused),
)
async def post_draft(
    connection: ConnectionOf,
    caller: Tuner,
    said: DraftBody,
    response: Response,
    key: IdempotencyKey = None,
) -> RuleBody:
    """A new version that nobody evaluates. Every mistake is named, with its remedy."""

    async def draft() -> RuleBody:
        rule = await _read(connection, said)
        version = await draft_rule(connection, rule, actor=caller.name, reason=said.reason)
        return RuleBody.model_validate(await get_version(connection, rule.name, version))

    drafted = await repeatable(connection, caller, key, (router.prefix, said), draft)
    response.headers["Location"] = f"{router.prefix}/{drafted.rule}/{drafted.version}"
    return drafted


@router.post("/check", summary="Check a rule", responses=documented(RuleInvalid))
async def post_check(connection: ConnectionOf, _: Reader, said: DraftBody) -> CheckedBody:
    """As drafting it would, and nothing is kept."""
    rule = await _read(connection, said)
    return CheckedBody(rule=rule.name, parameters=dict(rule.parameters))


@router.get(
    "/{asset_class}/{rule_id}/{version}",
    summary="One version of a rule",
    responses=documented(RuleNotFound),
)
async def get_one(connection: ConnectionOf, _: Reader, named: NamedOf) -> VersionDetail:
    """With what it has found and the steps of its life."""
    return await _detail(connection, await get_version(connection, named.rule, named.version))


@router.get(
    "/{asset_class}/{rule_id}/{version}/shadow-events",
    summary="What a version found in shadow",
    responses=documented(RuleNotFound, CursorInvalid),
)
async def get_shadow_events(
    connection: ConnectionOf, _: Reader, named: NamedOf, query: Annotated[PageQuery, Query()]
) -> Page[ShadowEventBody]:
    """Latest first."""
    await get_version(connection, named.rule, named.version)
    after = decode_cursor(query.cursor, int)
    found = await shadow_events(
        connection,
        named.rule,
        version=named.version,
        before=after[0] if after else None,
        limit=query.limit + 1,
    )
    page, following = cut(found, query.limit, lambda event: [event.id])
    items = [
        ShadowEventBody(
            **{
                name: getattr(event, name)
                for name in ShadowEventBody.model_fields
                if name not in {"severity", "peak_severity"}
            },
            severity=event.severity.label,
            peak_severity=event.peak_severity.label,
        )
        for event in page
    ]
    return Page(items=items, next=following)


@router.post(
    "/{asset_class}/{rule_id}/{version}/{action}",
    summary="Move a version on",
    responses=documented(
        RuleNotFound, RuleTransitionRefused, IdempotencyKeyInFlight, IdempotencyKeyReused
    ),
)
async def post_action(
    connection: ConnectionOf,
    caller: Tuner,
    named: NamedOf,
    action: Annotated[RuleAction, Path(description="What to do.", examples=["shadow"])],
    said: ReasonBody | None = None,
    key: IdempotencyKey = None,
) -> VersionDetail:
    """Put it into shadow, activate it or retire it; a retired one comes back as a new version."""
    given = said or ReasonBody()

    async def move() -> VersionDetail:
        moved = Moved(caller.name, given.reason)
        version = await move_rule(connection, named.rule, named.version, action, moved=moved)
        return await _detail(connection, await get_version(connection, named.rule, version))

    address = f"{router.prefix}/{named.rule}/{named.version}/{action}"
    return await repeatable(connection, caller, key, (address, given), move)


async def _detail(connection: Connection, version: RuleVersion) -> VersionDetail:
    counts = await event_counts(connection, [version.id])
    count = counts.get(version.id, EventCount(0, 0))
    changes = [
        VersionChangeBody.model_validate(change)
        for change in await version_changes(connection, version.rule)
        if change.version == version.version
    ]
    return VersionDetail(
        **RuleBody.model_validate(version).model_dump(),
        events=count.events,
        open_events=count.open,
        changes=changes,
    )


async def _read(connection: Connection, said: DraftBody) -> Rule:
    """The rule of a definition, checked against the register. Raises `RuleInvalid`."""
    classes = await list_asset_classes(connection)
    roles = {one.code: {name: role.unit for name, role in one.roles.items()} for one in classes}
    definition = {"rules": [], **said.definition}
    rules, problems = load_rules([Document(GIVEN, definition, {})], roles)
    if problems:
        raise RuleInvalid("; ".join(map(str, problems)))
    if len(rules) != 1:
        raise RuleInvalid(f"a draft is one rule; the definition has {len(rules)}")
    return rules[0]
