"""What a broker sends once more after a connection broke is neither stored twice nor confused."""

import asyncio
from pathlib import Path

from config.tasks import end_tasks
from edge.mqtt.collector import MqttCollector
from tests.edge.memory import Collecting, Memory
from tests.edge.mqtt.broker import CONNACK_SESSION, REPEATED, Broker, publication, serving


def again(mid: int, payload: bytes) -> bytes:
    return publication(mid, payload, head=REPEATED)


async def test_a_repetition_that_comes_before_the_subscription_is_confirmed_is_known(
    memory: Memory, collecting: Collecting
) -> None:
    async def first(broker: Broker) -> None:
        await broker.accept()
        await broker.send(publication(1, b"1"))
        # It goes with the connection: the broker never learns of it.
        assert await broker.acknowledged() == 1

    async def second(broker: Broker) -> None:
        # As Mosquitto does: what it holds follows its CONNACK at once.
        await broker.accept(connack=CONNACK_SESSION, between=again(1, b"1"))
        assert await broker.acknowledged() == 1
        await broker.send(publication(2, b"2"))
        await broker.until_farewell()

    async with serving(first, second) as source, collecting(MqttCollector(source), memory):
        await memory.until(lambda m: 2.0 in m.values("A.b"))
    assert memory.values("A.b") == [1.0, 2.0]


async def test_a_connection_that_broke_amid_repetitions_leaves_the_others_known(
    memory: Memory, collecting: Collecting
) -> None:
    async def first(broker: Broker) -> None:
        await broker.accept()
        await broker.send(publication(1, b"1") + publication(2, b"2"))
        assert [await broker.acknowledged() for _ in range(2)] == [1, 2]

    async def second(broker: Broker) -> None:
        await broker.accept(connack=CONNACK_SESSION, between=again(1, b"1"))
        assert await broker.acknowledged() == 1

    async def third(broker: Broker) -> None:
        await broker.accept(connack=CONNACK_SESSION, between=again(1, b"1") + again(2, b"2"))
        assert [await broker.acknowledged() for _ in range(2)] == [1, 2]
        await broker.send(publication(3, b"3"))
        await broker.until_farewell()

    async with serving(first, second, third) as source, collecting(MqttCollector(source), memory):
        await memory.until(lambda m: 3.0 in m.values("A.b"))
    assert memory.values("A.b") == [1.0, 2.0, 3.0]


async def test_a_repetition_that_crosses_its_acknowledgement_is_known(
    memory: Memory, collecting: Collecting
) -> None:
    async def behave(broker: Broker) -> None:
        await broker.accept()
        await broker.send(publication(1, b"1"))
        assert await broker.acknowledged() == 1
        # As brokers do that repeat by a clock.
        await broker.send(again(1, b"1"))
        assert await broker.acknowledged() == 1
        await broker.send(publication(2, b"2"))
        await broker.until_farewell()

    async with serving(behave) as source, collecting(MqttCollector(source), memory):
        await memory.until(lambda m: 2.0 in m.values("A.b"))
    assert memory.values("A.b") == [1.0, 2.0]


async def test_a_stale_acknowledgement_after_a_reconnection_goes_to_no_later_connection(
    memory: Memory, collecting: Collecting
) -> None:
    memory.open.clear()
    gone, acknowledged = asyncio.Event(), list[int]()

    async def first(broker: Broker) -> None:
        await broker.accept()
        await broker.send(publication(1, b"1"))
        gone.set()

    async def second(broker: Broker) -> None:
        # The broker lost the session: its identity 1 is another message now.
        await broker.accept()
        for message in (publication(2, b"2"), publication(1, b"3")):
            await broker.send(message)
            acknowledged.append(await broker.acknowledged())
        await broker.until_farewell()

    async with serving(first, second) as source, collecting(MqttCollector(source), memory):
        await gone.wait()
        memory.open.set()
        await memory.until(lambda m: 3.0 in m.values("A.b"))
    assert memory.values("A.b") == [1.0, 2.0, 3.0]
    assert acknowledged == [2, 1]


async def test_a_repetition_to_the_next_process_has_the_time_of_its_first_receipt(
    memory: Memory, collecting: Collecting, tmp_path: Path
) -> None:
    killed, receipts = Memory(), tmp_path / "m.slots"

    async def first(broker: Broker) -> None:
        await broker.accept()
        await broker.send(publication(1, b"5"))
        await killed.until(lambda m: m.values("A.b") == [5.0])

    async def second(broker: Broker) -> None:
        await broker.accept(connack=CONNACK_SESSION, between=again(1, b"5"))
        await broker.send(publication(2, b"5"))
        await broker.until_farewell()

    async with serving(first, second) as source:
        run = asyncio.create_task(MqttCollector(source, receipts=receipts).run(killed))
        await killed.until(lambda m: m.values("A.b") == [5.0])
        await end_tasks([run])
        async with collecting(MqttCollector(source, receipts=receipts), memory):
            await memory.until(lambda m: m.values("A.b") == [5.0, 5.0])
    repeated, new = memory.rows
    assert killed.rows == [repeated]
    assert new[1] > repeated[1]
