"""From the property `Quality` of a metric to ours. Pure.

Edge nodes write OPC's classic quality (OPC DA 3.00, section 6.8: 192 good, 64 uncertain, 0 bad and
their substatus), or 500 for a value that is stale.
"""

from edge.reading import Quality, Reason, quality_code

GOOD = quality_code(Quality.GOOD)
CLOCK_OFF = quality_code(Quality.UNCERTAIN, Reason.CLOCK)
NO_VALUE = quality_code(Quality.BAD, Reason.DEVICE)
UNREADABLE = quality_code(Quality.BAD, Reason.DECODE)
OUT_OF_REACH = quality_code(Quality.BAD, Reason.COMMUNICATION)

_STALE = 500
_BYTE = 0xFF
_STATUS = 0xC0
_SUBSTATUS = 0xFC
_STATUSES = {0xC0: Quality.GOOD, 0x40: Quality.UNCERTAIN}
_REASONS = {
    0x04: Reason.CONFIGURATION,
    0x08: Reason.COMMUNICATION,  # not connected
    0x0C: Reason.DEVICE,
    0x10: Reason.DEVICE,  # sensor failure
    0x14: Reason.STALE,  # last known value
    0x18: Reason.COMMUNICATION,
    0x44: Reason.STALE,  # last usable value
    0x50: Reason.DEVICE,  # sensor not accurate
    0x54: Reason.RANGE,  # engineering units exceeded
}


def quality_of(written: int | None) -> int:
    """The quality byte of what the property says; good where there is none."""
    if written is None:
        return GOOD
    if written == _STALE:
        return quality_code(Quality.BAD, Reason.STALE)
    if not 0 <= written <= _BYTE:
        return NO_VALUE
    quality = _STATUSES.get(written & _STATUS, Quality.BAD)
    unnamed = Reason.DEVICE if quality is Quality.BAD else Reason.NONE
    return quality_code(quality, _REASONS.get(written & _SUBSTATUS, unnamed))
