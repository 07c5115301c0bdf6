"""Commands on channels and automations: one function, one transaction of the caller or its own.

What plant files keep is changed there alone: over the API it is refused, so that the next `oilcan
apply` does not take back in silence what somebody changed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from config.clock import ClockUs, from_us, now_us
from config.database import Connection
from config.difference import Change, Difference, Stored, compare
from maintenance.automation import queries, store
from maintenance.automation.channel import Channel
from maintenance.automation.definition import AutomationDefinition
from maintenance.automation.queries import Delivery, KeptAutomation, KeptChannel
from maintenance.errors import KeptInFiles, NotFound

FILES = "files"
DATABASE = "database"


async def apply_channels(
    connection: Connection, wanted: Sequence[Channel], *, clock: ClockUs = now_us
) -> Difference[Channel]:
    """Make these the channels that files keep; what files no longer have is retired."""
    kept = await queries.channels(connection)
    difference = compare("channel", {one.code: one for one in wanted}, _stored(kept, wanted))
    for channel in difference.write:
        await store.write_channel(connection, channel, kept_in=FILES)
    await store.retire_channels(connection, difference.retire, at=from_us(clock()))
    return replace(difference, changes=tuple(_masked(each) for each in difference.changes))


async def apply_automations(
    connection: Connection, wanted: Sequence[AutomationDefinition], *, clock: ClockUs = now_us
) -> Difference[AutomationDefinition]:
    """Make these the automations that files keep; what files no longer have is retired."""
    at = from_us(clock())
    names = {one.code for one in wanted}
    stored = {
        code: Stored(AutomationDefinition(code, one.definition), retired=False)
        for code, one in (await queries.automations(connection)).items()
        if one.kept_in == FILES or code in names
    }
    for code, definition in (await queries.retired_automations(connection)).items():
        stored[code] = Stored(AutomationDefinition(code, definition), retired=True)
    difference: Difference[AutomationDefinition] = compare(
        "automation", {one.code: one for one in wanted}, stored
    )
    for one in difference.write:
        await store.write_automation(
            connection, one.code, one.definition, kept_in=FILES, actor="plant files", at=at
        )
    await store.retire_automations(connection, difference.retire, at=at)
    return difference


async def put_channel(connection: Connection, channel: Channel) -> KeptChannel:
    """Make a channel, or make it as given; also enables it. Raises `KeptInFiles`."""
    async with connection.transaction():
        present = (await queries.channels(connection)).get(channel.code)
        _refuse_files("channel", channel.code, present)
        await store.write_channel(connection, channel, kept_in=DATABASE)
        return await queries.channel(connection, channel.code)


async def retire_channel(
    connection: Connection, code: str, *, clock: ClockUs = now_us
) -> KeptChannel:
    """Send nothing more to a channel; gives what it was. Raises `NotFound`, `KeptInFiles`."""
    async with connection.transaction():
        present = await queries.channel(connection, code)
        _refuse_files("channel", code, present)
        await store.retire_channels(connection, [code], at=from_us(clock()))
        return present


async def put_automation(
    connection: Connection, wanted: AutomationDefinition, *, actor: str, clock: ClockUs = now_us
) -> KeptAutomation:
    """Make an automation, or a new version of it. Raises `NotFound` for a channel, `KeptInFiles`."""
    async with connection.transaction():
        present = (await queries.automations(connection)).get(wanted.code)
        _refuse_files("automation", wanted.code, present)
        for code in channels_of(wanted.definition):
            await queries.channel(connection, code)
        if present is None or present.definition != wanted.definition:
            await store.write_automation(
                connection,
                wanted.code,
                wanted.definition,
                kept_in=DATABASE,
                actor=actor,
                at=from_us(clock()),
            )
        return (await queries.automations(connection))[wanted.code]


async def retire_automation(
    connection: Connection, code: str, *, clock: ClockUs = now_us
) -> KeptAutomation:
    """Act by an automation no more; gives what it was. Raises `NotFound`, `KeptInFiles`."""
    async with connection.transaction():
        present = (await queries.automations(connection)).get(code)
        if present is None:
            raise NotFound("automation", code)
        _refuse_files("automation", code, present)
        await store.retire_automations(connection, [code], at=from_us(clock()))
        return present


async def send_again(
    connection: Connection, delivery_id: UUID, *, clock: ClockUs = now_us
) -> Delivery:
    """Send once more what is uncertain or was given up. Raises `NotFound` where it is neither."""
    if not await store.send_again(connection, delivery_id, at=from_us(clock())):
        raise NotFound("message that can be sent again", str(delivery_id))
    return await queries.delivery(connection, delivery_id)


def channels_of(definition: Mapping[str, Any]) -> list[str]:
    """Codes of the channels that an automation's definition names."""
    return [
        code
        for action in definition["then"]
        for code in action.get("notify", {}).get("channels", ())
    ]


def _stored(
    kept: Mapping[str, KeptChannel], wanted: Sequence[Channel]
) -> dict[str, Stored[Channel]]:
    names = {one.code for one in wanted}
    return {
        code: Stored(one.channel, one.retired_at is not None)
        for code, one in kept.items()
        if one.kept_in == FILES or code in names
    }


def _masked(change: Change) -> Change:
    """The change without what may not be shown: the values of addresses and secrets."""
    hidden = ("address", "secret")
    shown = tuple(
        type(each)(each.name, "…", "… (changed)") if each.name in hidden else each
        for each in change.fields
    )
    return Change(change.kind, change.what, change.key, shown)


def _refuse_files(what: str, code: str, present: KeptChannel | KeptAutomation | None) -> None:
    retired = isinstance(present, KeptChannel) and present.retired_at is not None
    if present is not None and present.kept_in == FILES and not retired:
        raise KeptInFiles(what, code)
