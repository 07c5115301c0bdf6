"""Messages on their way: to a real HTTP server, through Apprise, by a real mail server."""

import base64
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest
from standardwebhooks import Webhook

from config.clock import now_us
from config.database import Connection
from maintenance.automation import queries, store
from maintenance.automation.delivery import DeliveryState
from maintenance.automation.service import send_again
from maintenance.automation.worker import deliver_due
from maintenance.errors import NotFound
from tests.maintenance.automation.conftest import Mailbox, Receiver
from tests.maintenance.automation.test_routing import NOTIFY, an_order, arrange, route
from tests.maintenance.scene import Plant

SECRET = base64.b64encode(b"a secret of thirty-two bytes, yes").decode()

Open = Callable[[], Awaitable[Connection]]


async def one_message(plant: Plant, **channel: Any) -> None:
    """A message that is due, for a channel as given."""
    await arrange(plant, NOTIFY, **channel)
    await an_order(plant)
    await route(plant.connection, clock=plant.now_us)


async def hooked(plant: Plant, receiver: Receiver) -> None:
    await one_message(plant, kind="webhook", address=receiver.url, secret=SECRET)


async def try_all(plant: Plant, http: httpx.AsyncClient) -> int:
    return await deliver_due(plant.connection, http, clock=plant.now_us)


async def the_message(plant: Plant) -> queries.Delivery:
    (message,) = await queries.find_deliveries(plant.connection)
    return message


@pytest.fixture
async def http() -> Any:
    async with httpx.AsyncClient(timeout=20) as client:
        yield client


async def test_a_webhook_is_signed_as_the_standard_says(
    plant: Plant, receiver: Receiver, http: httpx.AsyncClient
) -> None:
    await hooked(plant, receiver)
    assert await deliver_due(plant.connection, http, clock=now_us) == 1
    document = Webhook(SECRET).verify(receiver.bodies[0], receiver.headers[0])
    assert document["type"] == "work_order.create"
    assert document["data"]["facts"]["number"] == "WO-000001"
    assert receiver.headers[0]["webhook-id"] == f"msg_{(await the_message(plant)).id.hex}"
    assert (await the_message(plant)).state is DeliveryState.SENT


async def test_what_was_sent_is_not_sent_again(
    plant: Plant, receiver: Receiver, http: httpx.AsyncClient
) -> None:
    await hooked(plant, receiver)
    await try_all(plant, http)
    plant.later(days=9)
    assert await try_all(plant, http) == 0
    assert len(receiver.bodies) == 1


async def test_a_failed_webhook_is_tried_again_later_with_the_same_id(
    plant: Plant, receiver: Receiver, http: httpx.AsyncClient
) -> None:
    receiver.statuses = [500, 204]
    await hooked(plant, receiver)
    assert await try_all(plant, http) == 1
    assert await try_all(plant, http) == 0
    plant.later(seconds=5)
    assert await try_all(plant, http) == 1
    assert (await the_message(plant)).state is DeliveryState.SENT
    first, second = receiver.headers
    assert first["webhook-id"] == second["webhook-id"]
    assert first["webhook-timestamp"] != second["webhook-timestamp"]


async def test_an_end_that_is_not_there_is_tried_again(
    plant: Plant, http: httpx.AsyncClient
) -> None:
    await one_message(plant, kind="webhook", address="http://127.0.0.1:9/", secret=SECRET)
    await try_all(plant, http)
    message = await the_message(plant)
    assert (message.state, message.attempts) == (DeliveryState.WAITING, 1)
    assert message.error.startswith("no answer")


async def test_a_redirect_is_not_followed(
    plant: Plant, receiver: Receiver, http: httpx.AsyncClient
) -> None:
    receiver.statuses = [302]
    await hooked(plant, receiver)
    await try_all(plant, http)
    assert (await the_message(plant)).error == "the receiver answered 302"
    assert len(receiver.bodies) == 1


async def test_an_end_that_is_gone_is_sent_nothing_more(
    plant: Plant, receiver: Receiver, http: httpx.AsyncClient
) -> None:
    receiver.statuses = [410]
    await hooked(plant, receiver)
    await try_all(plant, http)
    await an_order(plant, title="Second")
    await route(plant.connection, clock=plant.now_us)
    assert await try_all(plant, http) == 0
    assert len(receiver.bodies) == 1
    channel = await queries.channel(plant.connection, "shift")
    assert channel.disabled_why == "the receiver answered 410"


async def test_a_webhook_whose_process_died_is_sent_again(
    plant: Plant, receiver: Receiver, http: httpx.AsyncClient
) -> None:
    await hooked(plant, receiver)
    await store.claim(plant.connection, at=plant.now, limit=10)
    plant.later(minutes=10)
    await abandon(plant)
    assert await try_all(plant, http) == 1
    assert (await the_message(plant)).attempts == 2


async def test_a_mail_whose_process_died_is_not_sent_twice_until_somebody_says_so(
    plant: Plant, mailbox: Mailbox, http: httpx.AsyncClient
) -> None:
    await one_message(plant, address=mail_to(mailbox))
    await store.claim(plant.connection, at=plant.now, limit=10)
    plant.later(minutes=10)
    await abandon(plant)
    assert await try_all(plant, http) == 0
    message = await the_message(plant)
    assert message.state is DeliveryState.UNCERTAIN
    await send_again(plant.connection, message.id, clock=plant.now_us)
    assert await try_all(plant, http) == 1
    assert len(mailbox.letters) == 1
    with pytest.raises(NotFound):
        await send_again(plant.connection, message.id, clock=plant.now_us)


async def test_what_is_on_its_way_is_not_taken_up_by_another(
    plant: Plant, receiver: Receiver, http: httpx.AsyncClient
) -> None:
    await hooked(plant, receiver)
    await store.claim(plant.connection, at=plant.now, limit=10)
    plant.later(seconds=30)
    await abandon(plant)
    assert await try_all(plant, http) == 0


async def test_a_mail_arrives(plant: Plant, mailbox: Mailbox, http: httpx.AsyncClient) -> None:
    await one_message(plant, address=mail_to(mailbox))
    await try_all(plant, http)
    assert (await the_message(plant)).state is DeliveryState.SENT
    (letter,) = mailbox.letters
    assert letter.rcpt_tos == ["shift@example.com"]
    assert b"WO-000001" in letter.content
    assert b"X-Application: Oilcan" in letter.content


async def test_apprise_speaks_to_other_services(
    plant: Plant, receiver: Receiver, http: httpx.AsyncClient
) -> None:
    await one_message(plant, address=f"json://127.0.0.1:{receiver.port}/")
    await try_all(plant, http)
    assert receiver.documents()[0]["title"] == "WO-000001 (create): Seal drips"


async def test_apprise_says_why_it_could_not_send(
    plant: Plant, receiver: Receiver, http: httpx.AsyncClient
) -> None:
    receiver.statuses = [500]
    await one_message(plant, address=f"json://127.0.0.1:{receiver.port}/")
    await try_all(plant, http)
    message = await the_message(plant)
    assert message.state is DeliveryState.WAITING
    assert "500" in message.error


def mail_to(mailbox: Mailbox) -> str:
    return (
        f"mailto://127.0.0.1:{mailbox.port}?from=oilcan@example.com&to=shift@example.com"
        "&mode=insecure&smtp=127.0.0.1"
    )


async def abandon(plant: Plant) -> None:
    before = plant.now - timedelta(minutes=2)
    await store.take_up_abandoned(plant.connection, before=before, at=plant.now)
