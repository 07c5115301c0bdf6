"""Commands on the work of others: agreed, called off by contract, accepted; one function, one
transaction. The order is held first, then the contract, then the work.
"""

from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction

from config.database import Connection
from maintenance.errors import BookingRefused, ContractRefused, NotFound
from maintenance.materials.ledger import Said
from maintenance.procurement import service_store
from maintenance.procurement.service_store import HeldContract, HeldWork, OrderOfWork
from maintenance.procurement.vendor import ContractDefinition

_ENDED = frozenset({"closed", "cancelled"})
_MINUTES = 60


@dataclass(frozen=True, slots=True)
class NewWork:
    """What a vendor is to do. By a contract its vendor and its rate hold.

    `amount_minor` None: the minutes at the contract's rate.
    """

    description: str
    vendor: str | None = None
    contract: str | None = None
    amount_minor: int | None = None
    minutes: int = 0


@dataclass(frozen=True, slots=True)
class Acceptance:
    """What was done and is paid for; the last one ends the work."""

    amount_minor: int
    minutes: int = 0
    last: bool = True


async def agree(connection: Connection, number: str, new: NewWork, *, said: Said) -> int:
    """Have a vendor do something for an order; gives the id of the work.

    Raises `NotFound`, `BookingRefused` for an order that has ended or without an amount, and
    `ContractRefused` where the contract is not for the asset or the day, or has not so much left.
    """
    async with connection.transaction():
        order = await _order(connection, number=number)
        contract = None if new.contract is None else await _contract(connection, new.contract)
        amount = _amount(new, contract)
        respond_by = None
        if contract is not None:
            _covers(contract, order, said)
            await _has_left(connection, contract, amount, new.minutes)
            if contract.response_minutes is not None:
                respond_by = said.at + timedelta(minutes=contract.response_minutes)
        given = {
            "order_id": order.id,
            "vendor": contract.vendor if contract else new.vendor,
            "contract_id": contract.id if contract else None,
            "description": new.description,
            "agreed_minor": amount,
            "agreed_minutes": new.minutes,
            "respond_by": respond_by,
            "actor": said.actor,
            "at": said.at,
        }
        made = await service_store.insert_work(connection, given)
        if made is None:
            raise NotFound("vendor", str(given["vendor"]))
        return made


async def accept(connection: Connection, work_id: int, done: Acceptance, *, said: Said) -> int:
    """Say that work was done and what it costs; the order bears it from now on. Gives the entry's id.

    Raises `NotFound`, `BookingRefused` for work or an order that has ended, `ContractRefused`.
    """
    if done.amount_minor < 0 or done.minutes < 0:
        raise BookingRefused("an acceptance is not negative: reverse the one that was wrong")
    async with connection.transaction():
        work, _, contract = await _all_held(connection, work_id)
        if work.state != "agreed":
            raise BookingRefused(f"the work is {work.state} already")
        if contract is not None:
            before, before_minutes = await service_store.accepted(connection, work_id)
            await _has_left(
                connection,
                contract,
                before + done.amount_minor,
                before_minutes + done.minutes,
                except_work=work_id,
            )
        entry = await _book(connection, work, done.amount_minor, done.minutes, said)
        if done.last:
            ended = {"state": "accepted", "actor": said.actor, "at": said.at}
            await service_store.end_work(connection, work.id, ended)
        return entry


async def cancel(connection: Connection, work_id: int, *, said: Said) -> None:
    """It will not be done; what it held of its contract is free. Raises `NotFound`, `BookingRefused`."""
    async with connection.transaction():
        work, _, _ = await _all_held(connection, work_id)
        if work.state != "agreed":
            raise BookingRefused(f"the work is {work.state} already")
        ended = {"state": "cancelled", "actor": said.actor, "at": said.at}
        await service_store.end_work(connection, work.id, ended)


async def cancel_order(connection: Connection, order_id: int, *, said: Said) -> None:
    """An order was cancelled: what was agreed for it and not done will not be done."""
    given = {"actor": said.actor, "at": said.at}
    await service_store.cancel_of_order(connection, order_id, given)


async def reverse_acceptance(connection: Connection, entry_id: int, *, said: Said) -> int:
    """Take an acceptance back, once, with a reason, also of a closed order; gives the entry's id.

    Raises `NotFound`, `BookingRefused`.
    """
    if not said.reason.strip():
        raise BookingRefused("it needs a reason")
    async with connection.transaction():
        entry = await service_store.find_entry(connection, entry_id)
        if entry is None:
            raise NotFound("acceptance", str(entry_id))
        if entry["reverses_id"] is not None:
            raise BookingRefused(f"entry {entry_id} takes one back itself: accept the work again")
        work = await service_store.hold_work(connection, entry["external_work_id"])
        if work is None:
            raise NotFound("external work", str(entry["external_work_id"]))
        amount, minutes = -entry["amount_minor"], -entry["minutes"]
        return await _book(connection, work, amount, minutes, said, reverses_id=entry_id)


async def _all_held(
    connection: Connection, work_id: int
) -> tuple[HeldWork, OrderOfWork, HeldContract | None]:
    """The work, its order and its contract, held in the order in which everybody holds them."""
    known = await service_store.find_work(connection, work_id)
    if known is None:
        raise NotFound("external work", str(work_id))
    order = await _order(connection, order_id=known.work_order_id)
    contract = None
    if known.contract is not None:
        contract = await service_store.hold_contract(connection, known.contract)
    work = await service_store.hold_work(connection, work_id)
    return work or known, order, contract


async def _order(
    connection: Connection, *, number: str | None = None, order_id: int | None = None
) -> OrderOfWork:
    order = await service_store.hold_order(connection, number=number, order_id=order_id)
    if order is None:
        raise NotFound("work order", number or str(order_id))
    if order.state in _ENDED:
        raise BookingRefused(f"{order.number} is {order.state}: its cost does not change any more")
    return order


async def _contract(connection: Connection, code: str) -> HeldContract:
    contract = await service_store.hold_contract(connection, code)
    if contract is None:
        raise NotFound("contract", code)
    return contract


def _amount(new: NewWork, contract: HeldContract | None) -> int:
    if new.minutes < 0 or (new.amount_minor or 0) < 0:
        raise BookingRefused("work does not cost less than nothing")
    if new.amount_minor is not None:
        return new.amount_minor
    if contract is None or not contract.rate_minor_per_hour:
        raise BookingRefused("say what it costs: there is no contract with a rate")
    return round(Fraction(new.minutes * contract.rate_minor_per_hour, _MINUTES))


def _covers(contract: HeldContract, order: OrderOfWork, said: Said) -> None:
    terms = ContractDefinition(
        contract.code,
        "",
        contract.vendor,
        contract.valid_from,
        contract.valid_to,
        classes=contract.classes,
        assets=contract.assets,
    )
    if not terms.covers(order.asset, order.asset_class, said.at.date()):
        raise ContractRefused(
            f"contract {contract.code} is not for {order.asset} on {said.at.date()}: it holds from "
            f"{contract.valid_from} to {contract.valid_to}"
        )


async def _has_left(
    connection: Connection,
    contract: HeldContract,
    amount_minor: int,
    minutes: int,
    *,
    except_work: int | None = None,
) -> None:
    spent, spent_minutes = await service_store.called_off(
        connection, contract, except_work=except_work
    )
    bounds = (
        ("minor units", contract.value_minor, spent, amount_minor),
        ("minutes", contract.minutes, spent_minutes, minutes),
    )
    for unit, bound, gone, asked in bounds:
        if bound is not None and gone + asked > bound:
            raise ContractRefused(
                f"contract {contract.code} has {bound - gone} {unit} left, not {asked}"
            )


async def _book(
    connection: Connection,
    work: HeldWork,
    amount_minor: int,
    minutes: int,
    said: Said,
    *,
    reverses_id: int | None = None,
) -> int:
    given = {
        "work_id": work.id,
        "order_id": work.work_order_id,
        "amount_minor": amount_minor,
        "minutes": minutes,
        "reverses_id": reverses_id,
        "reason": said.reason,
        "actor": said.actor,
        "at": said.at,
    }
    entry = await service_store.insert_entry(connection, given)
    if entry is None:
        raise BookingRefused(f"entry {reverses_id} was taken back before")
    return entry
