"""What can go wrong with a line, each as one function that disturbs it and lets it recover."""

import asyncio
import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import aclosing, contextmanager
from dataclasses import dataclass
from random import Random

import psycopg
from nats.aio.client import Client

from config.clock import now_us
from config.log import (
    _SEQUENCE,
    _SESSION,
    STREAM,
    Position,
    Record,
    connect_log,
    read,
    stream_identity,
)
from tests.acceptance.faults.disk import lacking
from tests.acceptance.faults.line import Line
from tests.acceptance.faults.mqtt_device import MqttDevice
from tests.acceptance.faults.opcua_device import OpcuaDevice
from tests.acceptance.faults.proxy import Proxy, Way
from tests.acceptance.faults.service import wait_until

_READINGS = b"PUB oilcan.readings."
_CONFIRMATION = b'"stream":"OILCAN"'
_PUBACK = b"\x40\x02"
_FULL = "No space left on device"
_KEY = 4711
_REPEATED = 500
_EMBEDDED_ACK_WAIT_S = 10
_HOUR_US = 3_600_000_000

Clocked = MqttDevice | OpcuaDevice
"""A device that tells a time of its own."""

BLOCKED = """
SELECT count(*) FROM pg_locks WHERE NOT granted AND database =
    (SELECT oid FROM pg_database WHERE datname = current_database())
"""

HOLD_COMMITS = f"""
CREATE FUNCTION hold_commit() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN PERFORM pg_advisory_xact_lock_shared({_KEY}); RETURN NEW; END $$;
CREATE TRIGGER hold_commit BEFORE INSERT OR UPDATE ON log_cursor
    FOR EACH ROW EXECUTE FUNCTION hold_commit()
"""

HOLD_NO_COMMITS = """
DROP TRIGGER hold_commit ON log_cursor;
DROP FUNCTION hold_commit()
"""


@dataclass(frozen=True, slots=True)
class Fault:
    """A name for people, and what to do to a line on which devices publish.

    Chance is given, so that a run can be repeated.
    """

    name: str
    strike: Callable[[Line, Random], None]
    lacks: Callable[[Line], str] = lambda _: ""
    """Why it cannot strike a line, or nothing."""
    at_store: bool = False
    """Does it strike where the kind of database matters?"""


def clocked(line: Line) -> list[Clocked]:
    """The devices that tell a time of their own, by which we can see that their clocks are off."""
    devices = line.devices
    return [devices.mqtt_311, devices.mqtt_5, devices.embedded, devices.opcua]


def give(line: Line, devices: Sequence[Clocked], offset_us: int) -> dict[str, set[float]]:
    """Have devices publish with clocks that are off; gives the numbers, by tag.

    The clocks step while nothing is under way.
    """
    _rest(line, devices)
    marks = {tag: len(ledger) for each in devices for tag, ledger in each.ledgers.items()}
    for device in devices:
        device.clock = lambda: now_us() + offset_us
        device.start()
    line.until_flowing()
    _rest(line, devices)
    ledgers = line.devices.ledgers
    return {tag: set(range(mark + 1, len(ledgers[tag]) + 1)) for tag, mark in marks.items()}


def _rest(line: Line, devices: Sequence[Clocked]) -> None:
    for device in devices:
        device.stop()
        line.until_stored(device)


def _clocks_of_devices_step(line: Line, chance: Random) -> None:
    """An hour forward, an hour back from the right time, and right again, in one order or the other."""
    devices, steps = clocked(line), [_HOUR_US, -_HOUR_US]
    chance.shuffle(steps)
    for offset_us in (*steps, 0):
        give(line, devices, offset_us)
    line.devices.opcua.forget_history()
    for device in devices:
        device.start()


def _nothing(_line: Line, _chance: Random) -> None:
    """The line itself, for comparison."""


def _edge_killed_at_any_instant(line: Line, chance: Random) -> None:
    for _ in range(3):
        time.sleep(chance.uniform(0, 0.7))
        line.kill_edge()


def _edge_killed_in_every_phase(line: Line, chance: Random) -> None:
    for strike in (
        _edge_killed_before_the_log_has_it,
        _edge_killed_and_its_last_words_arrive,
        _edge_killed_before_the_log_confirms,
        _edge_killed_before_it_acknowledges,
    ):
        strike(line, chance)
        line.until_flowing()


def _edge_killed_before_the_log_has_it(line: Line, _chance: Random) -> None:
    with _held(line.to_log, Way.UP, _READINGS) as since:
        line.kill_edge(since=since, then=line.to_log.cut)


def _edge_killed_and_its_last_words_arrive(line: Line, _chance: Random) -> None:
    with _held(line.to_log, Way.UP, _READINGS) as since:
        line.kill_edge(since=since, then=line.to_log.release)


def _edge_killed_before_the_log_confirms(line: Line, _chance: Random) -> None:
    with _held(line.to_log, Way.DOWN, _CONFIRMATION) as since:
        line.kill_edge(since=since, then=line.to_log.cut)


def _edge_killed_before_it_acknowledges(line: Line, _chance: Random) -> None:
    with _held(line.to_broker, Way.UP, _PUBACK) as since:
        line.kill_edge(since=since, then=line.to_broker.cut)


def _connection_lost_before_the_log_confirms(line: Line, _chance: Random) -> None:
    with _held(line.to_log, Way.DOWN, _CONFIRMATION):
        line.to_broker.cut()


def _acknowledgements_lost(line: Line, _chance: Random) -> None:
    with _held(line.to_broker, Way.UP, _PUBACK):
        line.to_broker.cut()


def _confirmations_of_the_log_lost(line: Line, _chance: Random) -> None:
    with _held(line.to_log, Way.DOWN, _CONFIRMATION):
        line.to_log.cut()


def _log_silent_for_longer_than_brokers_wait(line: Line, _chance: Random) -> None:
    """The embedded broker repeats by its clock what the edge holds meanwhile."""
    with _held(line.to_log, Way.DOWN, _CONFIRMATION):
        time.sleep(_EMBEDDED_ACK_WAIT_S + 3)


def _broker_restarted(line: Line, _chance: Random) -> None:
    line.broker.stop()
    line.broker.start()


def _log_killed(line: Line, _chance: Random) -> None:
    """It is the embedded broker too, of which bare numbers are excused."""
    line.log.kill()
    line.devices.embedded_plain.broker_killed()
    line.log.start()


def _log_frozen(line: Line, _chance: Random) -> None:
    with line.log.frozen():
        time.sleep(3)


def _servers_restarted_with_nodes_missing(line: Line, _chance: Random) -> None:
    devices = line.devices.modbus, line.devices.opcua
    for device in devices:
        device.power_off()
        device.missing = True
        device.power_on()
    line.until_flowing("modbus.number", "opcua.number")
    for device in devices:
        device.missing = False
    # Between two polls, as it were: the edge need not see that the device is gone.
    line.devices.modbus.power_off()
    line.devices.modbus.power_on()


def _ingest_killed_at_any_instant(line: Line, chance: Random) -> None:
    for _ in range(2):
        time.sleep(chance.uniform(0, 0.7))
        line.ingest.kill()
        line.ingest.start()


def _ingest_killed_before_it_copies(line: Line, _chance: Random) -> None:
    with psycopg.connect(line.database_url) as connection:
        connection.execute("LOCK TABLE reading IN SHARE MODE")
        _until_blocked(line)
        line.ingest.kill()
    line.ingest.start()


def _ingest_killed_before_it_commits(line: Line, _chance: Random) -> None:
    with psycopg.connect(line.database_url, autocommit=True) as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", [_KEY])
        connection.execute(HOLD_COMMITS)
        _until_blocked(line)
        line.ingest.kill()
        line.ingest.start()
        connection.execute("SELECT pg_advisory_unlock(%s)", [_KEY])
        connection.execute(HOLD_NO_COMMITS)


def _ingest_killed_as_it_has_committed(line: Line, _chance: Random) -> None:
    for _ in range(2):
        seen = line.newest()
        wait_until(lambda seen=seen: line.newest() != seen, "ingest commits")
        line.ingest.kill()
        line.ingest.start()


def _database_killed(line: Line, _chance: Random) -> None:
    assert line.postgres is not None
    line.postgres.kill()
    line.postgres.start()


def _database_stopped(line: Line, _chance: Random, *, for_s: float = 1) -> None:
    assert line.postgres is not None
    line.postgres.stop()
    time.sleep(for_s)
    line.postgres.start()


def _database_stopped_for_long(line: Line, chance: Random) -> None:
    _database_stopped(line, chance, for_s=20)


def _messages_published_twice(line: Line, chance: Random) -> None:
    devices = line.devices.mqtt_311, line.devices.mqtt_5, line.devices.embedded
    marks = [len(device.ledger) for device in devices]
    for device in devices:
        device.again = lambda _: chance.random() < 0.02
    for device, mark in zip(devices, marks, strict=True):
        wait_until(lambda device=device, mark=mark: len(device.ledger) > mark + 100, "100 messages")
        device.again = lambda _: False


def _disk_of_the_database_full(line: Line, _chance: Random, *, for_s: float = 0) -> None:
    assert line.disk is not None
    postgres = line.postgres
    assert postgres is not None
    complaints = postgres.said().count(_FULL)
    line.disk.fill(postgres.pid)
    try:
        wait_until(lambda: postgres.said().count(_FULL) > complaints, "the disk is full")
        time.sleep(for_s)
    finally:
        wait_until(lambda: _room_made(line), "there is room again")


def _room_made(line: Line) -> bool:
    """Empty the disk; a server that could not even write its log of changes is started for it."""
    assert line.disk is not None
    assert line.postgres is not None
    line.postgres.revive()
    return line.disk.make_room(line.postgres.pid)


def _disk_full_for_long(line: Line, chance: Random) -> None:
    _disk_of_the_database_full(line, chance, for_s=20)


def _records_in_the_log_twice(line: Line, chance: Random) -> None:
    asyncio.run(_repeat_records(line.log_url, chance))


async def _repeat_records(log_url: str, chance: Random) -> None:
    """Append records again, as publications that were repeated later than the log remembers."""
    client = await connect_log(log_url, name="faults")
    try:
        last = (await client.jsm().stream_info(STREAM)).state.last_seq
        start = Position(await stream_identity(client), max(0, last - _REPEATED))
        async with aclosing(read(client, 0, start)) as lists:
            async for records in lists:
                for record in records:
                    if chance.random() < 0.5:
                        await _append_again(client, record)
                if not records or records[-1].position.sequence >= last:
                    return
    finally:
        await client.close()


async def _append_again(client: Client, record: Record) -> None:
    headers = {
        "Nats-Msg-Id": secrets.token_hex(8),
        _SESSION: record.batch.session,
        _SEQUENCE: str(record.batch.sequence),
    }
    subject = f"oilcan.{record.kind}.{record.partition}.{record.batch.edge}"
    await client.jetstream().publish(subject, record.data, headers=headers)


@contextmanager
def _held(proxy: Proxy, way: Way, what: bytes) -> Iterator[float]:
    """Hold back one way until something of that kind waits; gives when that began."""
    since = time.monotonic()
    proxy.hold(way)
    try:
        wait_until(lambda: proxy.holds(way, what), f"{what!r} waits")
        yield since
    finally:
        proxy.release()


def _until_blocked(line: Line) -> None:
    wait_until(lambda: line.ask(BLOCKED)[0][0] > 0, "ingest waits for a lock")


def _given_database(line: Line) -> str:
    return "" if line.postgres else "a database that is given is not ours to stop"


def _no_disk(line: Line) -> str:
    return "" if line.disk else _given_database(line) or lacking()


SHORT: Sequence[Fault] = (
    Fault("nothing", _nothing),
    Fault("edge killed at any instant", _edge_killed_at_any_instant),
    Fault("edge killed in every phase", _edge_killed_in_every_phase),
    Fault("connection lost before the log confirms", _connection_lost_before_the_log_confirms),
    Fault("acknowledgements lost", _acknowledgements_lost),
    Fault("confirmations of the log lost", _confirmations_of_the_log_lost),
    Fault("broker restarted", _broker_restarted),
    Fault("log killed", _log_killed),
    Fault("log frozen", _log_frozen),
    Fault("servers restarted with nodes missing", _servers_restarted_with_nodes_missing),
    Fault("messages published twice", _messages_published_twice),
    Fault("records in the log twice", _records_in_the_log_twice, at_store=True),
    Fault("ingest killed at any instant", _ingest_killed_at_any_instant, at_store=True),
    Fault("ingest killed before it copies", _ingest_killed_before_it_copies, at_store=True),
    Fault("ingest killed before it commits", _ingest_killed_before_it_commits, at_store=True),
    Fault("ingest killed as it has committed", _ingest_killed_as_it_has_committed, at_store=True),
    Fault("database killed", _database_killed, _given_database),
    Fault("database stopped", _database_stopped, _given_database),
    Fault("disk of the database full", _disk_of_the_database_full, _no_disk),
)
"""What the tests run: each takes seconds."""

LONG: Sequence[Fault] = (
    *(fault for fault in SHORT if fault.strike is not _edge_killed_in_every_phase),
    Fault("edge killed before the log has it", _edge_killed_before_the_log_has_it),
    Fault("edge killed and its last words arrive", _edge_killed_and_its_last_words_arrive),
    Fault("edge killed before the log confirms", _edge_killed_before_the_log_confirms),
    Fault("edge killed before it acknowledges", _edge_killed_before_it_acknowledges),
    Fault("log silent for longer than brokers wait", _log_silent_for_longer_than_brokers_wait),
    Fault("clocks of devices step an hour", _clocks_of_devices_step),
    Fault("database stopped for 20 s", _database_stopped_for_long, _given_database),
    Fault("disk of the database full for 20 s", _disk_full_for_long, _no_disk),
)
"""What the long run takes by chance, again and again."""
