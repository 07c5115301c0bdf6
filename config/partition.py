"""Which partition of the log an asset belongs to: a stable hash, the same on every machine."""

import zlib


def asset_of(tag: str) -> str:
    """The asset part of a point's tag `ASSET.point`; a tag without a dot is its own asset."""
    return tag.partition(".")[0]


def partition_of(asset: str, partitions: int) -> int:
    """Partition of an asset, so that all of its points meet in one worker (CRC-32, modulo)."""
    return zlib.crc32(asset.encode()) % partitions
