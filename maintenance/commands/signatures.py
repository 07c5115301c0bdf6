"""Signing an order: what is vouched for is kept with its hash, and stays."""

from config.clock import ClockUs, from_us, now_us
from config.database import Connection
from maintenance.commands.recording import Step, as_expected, recorded
from maintenance.orders import signature_store, store
from maintenance.orders.failure_codes import failure_report_of
from maintenance.orders.labour_queries import labour_of
from maintenance.orders.signature import Meaning, content_of, hash_of
from maintenance.orders.work_order import Particulars, WorkOrder


async def sign(
    connection: Connection,
    number: str,
    meaning: Meaning,
    *,
    expected_version: int,
    actor: str,
    clock: ClockUs = now_us,
) -> WorkOrder:
    """Vouch for an order as it was read. Raises `NotFound`, `StaleVersion`."""
    at = from_us(clock())
    async with connection.transaction():
        order = await as_expected(connection, number, expected_version)
        report = await failure_report_of(connection, order)
        labour = await labour_of(connection, order.id)
        content = content_of(order, report=report, labour=labour)
        signing = signature_store.Signing(order.id, order.version, meaning, actor, content)
        signature_id = await signature_store.insert_signature(connection, signing, at=at)
        version = await store.touch(connection, order, at=at)
        details = {"signature": signature_id, "meaning": meaning.value, "hash": hash_of(content)}
        step = Step("sign", order.state, Particulars(actor), details)
        return await recorded(connection, order, version, step, at)
