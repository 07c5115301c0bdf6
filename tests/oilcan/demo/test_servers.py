"""The plant as a process: real servers, commands on standard input, the record of its registers."""

import asyncio
import struct
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pymodbus.client import AsyncModbusTcpClient

from oilcan.demo.errors import PlantStopped
from oilcan.demo.inventory import Protocol
from oilcan.demo.modbus_server import UNIT
from oilcan.demo.plant_process import PlantProcess, run_plant
from oilcan.demo.record import Change, read_changes
from oilcan.demo.servers import ServerOptions
from oilcan.engines.process import free_port


@pytest.fixture
def options(tmp_path: Path) -> ServerOptions:
    ports = [free_port() for _ in range(3)]
    return ServerOptions(*ports, seed=7, speed=10.0, record=tmp_path / "registers.jsonl")


@pytest.fixture
async def plant(options: ServerOptions, tmp_path: Path) -> AsyncIterator[PlantProcess]:
    async with run_plant(options, tmp_path / "plant.log") as process:
        await process.wait_ready()
        yield process


async def change_of(record: Path, tag: str, limit: float) -> Change:
    """The first change of a register past a limit."""
    async with asyncio.timeout(20):
        while True:
            for change in read_changes(record):
                if change.tag == tag and change.value > limit:
                    return change
            await asyncio.sleep(0.05)


async def test_faults_wait_until_they_are_let_loose(
    plant: PlantProcess, options: ServerOptions
) -> None:
    assert options.record is not None
    await asyncio.sleep(1.0)
    healthy = [one for one in read_changes(options.record) if one.tag == "P-101.de_vibration"]
    plant.develop()
    worn = await change_of(options.record, "P-101.de_vibration", 4.5)
    assert max(change.value for change in healthy) < 4.0
    assert worn.protocol is Protocol.MODBUS


async def test_all_three_protocols_and_the_alarm_are_on_record(
    plant: PlantProcess, options: ServerOptions
) -> None:
    assert options.record is not None
    plant.develop()
    await change_of(options.record, "C-201/HIGH_DISCHARGE_TEMP", 0.5)
    assert {change.protocol for change in read_changes(options.record)} == set(Protocol)


async def test_a_register_holds_what_the_record_says(
    plant: PlantProcess, options: ServerOptions
) -> None:
    assert options.record is not None
    client = AsyncModbusTcpClient("127.0.0.1", port=options.modbus_port)
    await client.connect()
    answer = await client.read_holding_registers(8, count=2, device_id=UNIT)
    client.close()
    (vibration,) = struct.unpack(">f", struct.pack(">2H", *answer.registers))
    await asyncio.sleep(0.2)
    recorded = [
        change.value
        for change in read_changes(options.record)
        if change.tag == "P-101.de_vibration"
    ]
    assert any(vibration == pytest.approx(value, abs=1e-6) for value in recorded)


async def test_closing_its_standard_input_ends_the_plant(
    options: ServerOptions, tmp_path: Path
) -> None:
    async with run_plant(options, tmp_path / "plant.log") as process:
        await process.wait_ready()
    assert process.process.returncode == 0
    with pytest.raises(PlantStopped):
        process.develop()


async def test_a_plant_that_cannot_listen_says_where_to_look(
    plant: PlantProcess, options: ServerOptions, tmp_path: Path
) -> None:
    log = tmp_path / "second.log"
    async with run_plant(options, log) as second:
        with pytest.raises(PlantStopped, match=r"second\.log"):
            await second.wait_ready()
    assert str(options.modbus_port) in log.read_text()
