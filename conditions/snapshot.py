"""Snapshots: what the engine remembers as compressed bytes, to be kept over a restart."""

import io
import json
import zipfile
from dataclasses import asdict, fields
from typing import Any

import numpy as np
import pyarrow as pa

from conditions.errors import SnapshotUnreadable
from conditions.memory import BlockMemory, Memory, Names, RuleMemory
from edge.reading import SensorAlarm

FORMAT = 3
_ARRAYS = (
    *("series", "windows", "runs", "instances", "levels", "cells", "constants", "rows", "tail"),
)
# What reading damaged bytes may end in.
_DAMAGES = (
    ValueError,
    KeyError,
    TypeError,
    IndexError,
    EOFError,
    MemoryError,
    OSError,
    zipfile.BadZipFile,
    pa.ArrowException,
)


def encode(memory: Memory) -> bytes:
    """The memory as compressed bytes of format `FORMAT`."""
    header = {
        "format": FORMAT,
        "highest_ts": memory.highest_ts,
        "late_rows": memory.late_rows,
        "taken_rows": memory.taken_rows,
        "blocks": [_told(block.names) for block in memory.blocks],
        "alarms": [asdict(alarm) for alarm in memory.alarms],
    }
    arrays = {
        f"{name}{b}": block.arrays[name]
        for b, block in enumerate(memory.blocks)
        for name in _ARRAYS
    }
    buffer = io.BytesIO()
    np.savez(buffer, header=np.frombuffer(json.dumps(header).encode(), np.uint8), **arrays)
    raw = buffer.getbuffer()
    return len(raw).to_bytes(8, "big") + bytes(pa.compress(raw, codec="zstd", asbytes=True))


def decode(data: bytes) -> Memory:
    """The memory that `encode` wrote. Raises `SnapshotUnreadable`."""
    try:
        size = int.from_bytes(data[:8], "big")
        raw = pa.decompress(data[8:], decompressed_size=size, codec="zstd", asbytes=True)
        with np.load(io.BytesIO(raw), allow_pickle=False) as arrays:
            header = json.loads(arrays["header"].tobytes())
            if (form := header.pop("format")) != FORMAT:
                raise SnapshotUnreadable(f"the engine's snapshot has format {form}")
            header["blocks"] = [
                BlockMemory(_names(told), {name: arrays[f"{name}{b}"] for name in _ARRAYS})
                for b, told in enumerate(header["blocks"])
            ]
        header["alarms"] = [SensorAlarm(**told) for told in header["alarms"]]
        return Memory(**header)
    except _DAMAGES as error:
        raise SnapshotUnreadable(f"the engine's snapshot cannot be read: {error!r}") from error


def _told(names: Names) -> dict[str, Any]:
    """The names for JSON; `asdict` would copy each of 100,000 keys."""
    told = {field.name: getattr(names, field.name) for field in fields(Names)}
    return told | {"rules": [asdict(rule) for rule in names.rules]}


def _names(told: dict[str, Any]) -> Names:
    return Names(
        assets=tuple(told["assets"]),
        keys=tuple(tuple((tag, code) for tag, code in some) for some in told["keys"]),
        windows=tuple((key, place, tuple(some)) for key, place, some in told["windows"]),
        runs=tuple((key, place, tuple(some)) for key, place, some in told["runs"]),
        rules=tuple(
            RuleMemory(**{**rule, "severities": tuple(rule["severities"])})
            for rule in told["rules"]
        ),
    )
