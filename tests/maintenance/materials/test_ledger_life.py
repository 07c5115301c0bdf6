"""No sequence of bookings, also of several people at once, loses stock, value or a promise."""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import timedelta
from decimal import Decimal
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule, run_state_machine_as_test

from config.database import Connection
from maintenance.errors import MaintenanceError
from maintenance.materials.correction import adjust, count, reverse
from maintenance.materials.ledger import Permit, Place, Said
from maintenance.materials.part import Strength
from maintenance.materials.reservations import (
    WhenShort,
    Wish,
    commit_order,
    expire_reservations,
    release,
    release_order,
    reserve,
)
from maintenance.materials.service import give_back, issue, receive, transfer
from tests.maintenance.machine import DatabaseMachine
from tests.maintenance.materials.shelf import (
    BEARING,
    MAIN,
    SEAL,
    YARD,
    build_storerooms,
    make_order,
    wrongs,
)
from tests.maintenance.scene import START, build_plant

PICK = st.integers(0, 1000)
QUANTITY = st.integers(1, 6_000).map(lambda n: Decimal(n) / 1000) | st.integers(1, 6).map(Decimal)
PLACE = st.builds(
    Place,
    st.sampled_from([BEARING, SEAL]),
    st.sampled_from([MAIN, YARD]),
    st.none() | st.sampled_from(["A", "B", "Y"]),
)
PERMIT = st.none() | st.just(Permit("ben", "the delivery is on the yard"))
_EMPTY = """
TRUNCATE site, asset_class, asset, work_order, part, storeroom, outbox RESTART IDENTITY CASCADE
"""
Deed = Callable[[Connection], Coroutine[Any, Any, Any]]


class Shelves(DatabaseMachine):
    """Two people at two storerooms with two parts and three orders, in any order."""

    def __init__(self, database_url: str) -> None:
        super().__init__(database_url, empty=_EMPTY)
        self.run(build_plant(self.connection))
        self.run(build_storerooms(self.connection))
        self.orders = [
            self.run(make_order(self.connection, state=state, priority=priority))
            for state, priority in (("approved", 3), ("in_progress", 1), ("draft", 2))
        ]
        self.now = START
        self.entries: list[int] = []

    def attempt(self, deed: Deed) -> None:
        self.run(self.allowed_or_not(deed, self.connection))

    async def allowed_or_not(self, deed: Deed, connection: Connection) -> None:
        """A refusal is fine; an error of the database is not."""
        try:
            booked = await deed(connection)
        except MaintenanceError:
            return
        if booked is not None:
            self.entries += [
                one.id
                for one in (booked if isinstance(booked, list) else [booked])
                if hasattr(one, "bin_id")
            ]

    def said(self, reason: str = "because") -> Said:
        return Said("ana", self.now, reason)

    def deed(self, kind: int, pick: int, place: Place, quantity: Decimal) -> Deed:
        """One of the things that people do all day."""
        order = self.orders[pick % len(self.orders)]
        wish = Wish(place, quantity, when_short=list(WhenShort)[pick % 2])
        said = self.said()
        return [
            lambda on: receive(on, place, quantity, value_minor=pick, said=said),
            lambda on: issue(on, order, place, quantity, said=said),
            lambda on: reserve(on, order, wish, said=said),
            lambda on: release(on, pick % 20, said=said),
            lambda on: transfer(on, place, Place(place.part, YARD), quantity, said=said),
            lambda on: transfer(
                on, Place(place.part, YARD), Place(place.part, MAIN), quantity, said=said
            ),
            lambda on: count(on, place, quantity, position=None, said=said),
            lambda on: release_order(on, pick % 3 + 1, said=said),
        ][kind]

    @rule(place=PLACE, quantity=QUANTITY, value_minor=st.integers(0, 100_000))
    def parts_come_in(self, place: Place, quantity: Decimal, value_minor: int) -> None:
        self.attempt(
            lambda on: receive(on, place, quantity, value_minor=value_minor, said=self.said())
        )

    @rule(pick=PICK, place=PLACE, quantity=QUANTITY, permit=PERMIT)
    def parts_are_issued(
        self, pick: int, place: Place, quantity: Decimal, permit: Permit | None
    ) -> None:
        order = self.orders[pick % 3]
        self.attempt(lambda on: issue(on, order, place, quantity, said=self.said(), permit=permit))

    @rule(pick=PICK, quantity=QUANTITY)
    def parts_come_back(self, pick: int, quantity: Decimal) -> None:
        if self.entries:
            entry = self.entries[pick % len(self.entries)]
            self.attempt(lambda on: give_back(on, entry, quantity, said=self.said()))

    @rule(source=PLACE, into=PLACE, quantity=QUANTITY)
    def parts_are_moved(self, source: Place, into: Place, quantity: Decimal) -> None:
        self.attempt(lambda on: transfer(on, source, into, quantity, said=self.said()))

    @rule(place=PLACE, quantity=QUANTITY, sign=st.sampled_from([1, -1]), permit=PERMIT)
    def books_are_put_right(
        self, place: Place, quantity: Decimal, sign: int, permit: Permit | None
    ) -> None:
        self.attempt(lambda on: adjust(on, place, sign * quantity, said=self.said(), permit=permit))

    @rule(place=PLACE, counted=QUANTITY | st.just(Decimal(0)), position=st.none() | PICK)
    def a_shelf_is_counted(self, place: Place, counted: Decimal, position: int | None) -> None:
        self.attempt(lambda on: count(on, place, counted, position=position, said=self.said()))

    @rule(pick=PICK, permit=PERMIT)
    def an_entry_is_taken_back(self, pick: int, permit: Permit | None) -> None:
        if self.entries:
            entry = self.entries[pick % len(self.entries)]
            self.attempt(lambda on: reverse(on, entry, said=self.said(), permit=permit))

    @rule(
        pick=PICK,
        place=PLACE,
        quantity=QUANTITY,
        strength=st.sampled_from(Strength),
        hours=st.none() | st.integers(1, 5),
    )
    def parts_are_reserved(
        self, pick: int, place: Place, quantity: Decimal, strength: Strength, hours: int | None
    ) -> None:
        expires = None if hours is None else self.now + timedelta(hours=hours)
        wish = Wish(place, quantity, strength, list(WhenShort)[pick % 2], expires)
        self.attempt(lambda on: reserve(on, self.orders[pick % 3], wish, said=self.said()))

    @rule(reservation=st.integers(1, 20))
    def a_reservation_is_released(self, reservation: int) -> None:
        self.attempt(lambda on: release(on, reservation, said=self.said()))

    @rule(order=st.integers(1, 3))
    def an_order_is_approved(self, order: int) -> None:
        self.attempt(lambda on: commit_order(on, order))

    @rule(order=st.integers(1, 3))
    def an_order_needs_nothing_more(self, order: int) -> None:
        self.attempt(lambda on: release_order(on, order, said=self.said()))

    @rule(hours=st.integers(1, 3))
    def time_passes(self, hours: int) -> None:
        self.now += timedelta(hours=hours)
        self.run(expire_reservations(self.connection, at=self.now))

    @rule(
        kinds=st.tuples(st.integers(0, 7), st.integers(0, 7)),
        pick=PICK,
        places=st.tuples(PLACE, PLACE),
        quantities=st.tuples(QUANTITY, QUANTITY),
    )
    def two_people_book_at_once(
        self,
        kinds: tuple[int, int],
        pick: int,
        places: tuple[Place, Place],
        quantities: tuple[Decimal, Decimal],
    ) -> None:
        one, two = (
            self.deed(kind, pick, place, quantity)
            for kind, place, quantity in zip(kinds, places, quantities, strict=True)
        )

        async def both() -> None:
            await asyncio.gather(
                self.allowed_or_not(one, self.connection), self.allowed_or_not(two, self.other)
            )

        self.run(both())

    @invariant()
    def the_books_are_sound(self) -> None:
        assert self.run(wrongs(self.connection)) == []


def test_no_sequence_loses_stock_value_or_a_promise(database_url: str) -> None:
    run_state_machine_as_test(
        lambda: Shelves(database_url),
        settings=settings(
            max_examples=25,
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
