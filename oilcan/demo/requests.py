"""What people of the demo plant have asked for: so that the page of requests is not empty."""

from config.database import Connection, connect
from maintenance.requests.request import Channel, NewRequest, Urgency
from maintenance.requests.service import report
from maintenance.requests.triage import join

_PLANNER = "kim"

REQUESTS: tuple[tuple[str, NewRequest], ...] = (
    (
        "Noor Haddad, control room",
        NewRequest(
            title="Process water pump is louder than usual",
            channel=Channel.PORTAL,
            description="A rumbling from the drive side since the start of the shift, not from the "
            "motor. Flow and pressure look normal. I could still put my hand on the housing.",
            asset="P-101",
            failure_mode="VIB",
            urgency=Urgency.NORMAL,
            contact="ext. 4410",
            external_id="demo-pump-loud",
        ),
    ),
    (
        "Pavel Novak, round of the outside operator",
        NewRequest(
            title="P-101 rumbles at the coupling end",
            channel=Channel.PORTAL,
            description="Heard it on my round at the pump house. Standing beside it you feel it in "
            "the base plate. No leak, oil level in the sight glass is at the mark.",
            asset="P-101",
            failure_mode="VIB",
            urgency=Urgency.NORMAL,
            contact="pavel.novak@plant.example",
            external_id="demo-pump-rumbles",
        ),
    ),
    (
        "Ines Ortega, crusher",
        NewRequest(
            title="Guard at the tail pulley of B-301 is loose",
            channel=Channel.PORTAL,
            description="Two bolts of the guard on the walkway side are missing and it rattles when "
            "the belt runs. You can reach past it. We have put a chain across the walkway.",
            asset="B-301",
            urgency=Urgency.DANGER,
            contact="ext. 4437",
            external_id="demo-guard-loose",
        ),
    ),
    (
        "Jonas Weber, packing",
        NewRequest(
            title="Water in the instrument air at packing line 2",
            channel=Channel.PORTAL,
            description="The filter bowl before the palletiser was half full this morning, second "
            "time this week. Drained it. Please look at the drain of the receiver.",
            asset="C-201",
            urgency=Urgency.MINOR,
            contact="jonas.weber@plant.example",
            external_id="demo-wet-air",
        ),
    ),
)
"""Who asks, and for what; the second says the same as the first."""


async def ask_for_work(database_url: str) -> None:
    """Take the demo's requests in, and join the second to the first; in a home that has them, nothing.

    Raises `DatabaseUnavailable`.
    """
    connection = await connect(database_url)
    try:
        async with connection.transaction():
            await _ask(connection)
    finally:
        await connection.close()


async def _ask(connection: Connection) -> None:
    reported = [await report(connection, new, actor=who) for who, new in REQUESTS]
    first, twin = (each.request for each in reported[:2])
    if reported[1].is_new:
        await join(
            connection, twin.number, first.number, expected_version=twin.version, actor=_PLANNER
        )
