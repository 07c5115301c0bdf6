"""What OPC UA status codes mean for a reading (OPC UA Part 4, 7.39, and Part 8, 6.3). Pure."""

from collections.abc import Mapping
from types import MappingProxyType

from asyncua.ua.status_codes import StatusCodes

from edge.reading import Quality, Reason, quality_code

# The upper half is the code. The lower half says things about it: of a value (bits 10 and 11 are
# 01) bit 7 says that the item's queue ran over just before it.
_CODE_MASK = 0xFFFF0000
_INFO_MASK = 0x0C80
_OVERFLOW = 0x0480

_BY_REASON: Mapping[Reason, tuple[int, ...]] = MappingProxyType(
    {
        Reason.COMMUNICATION: (
            StatusCodes.BadCommunicationError,
            StatusCodes.BadConnectionClosed,
            StatusCodes.BadDisconnect,
            StatusCodes.BadNoCommunication,
            StatusCodes.BadNotConnected,
            StatusCodes.BadRequestTimeout,
            StatusCodes.BadServerNotConnected,
            StatusCodes.BadShutdown,
            StatusCodes.BadTimeout,
            StatusCodes.BadWaitingForResponse,
            StatusCodes.UncertainNoCommunicationLastUsableValue,
        ),
        Reason.CONFIGURATION: (
            StatusCodes.BadAttributeIdInvalid,
            StatusCodes.BadConfigurationError,
            StatusCodes.BadIndexRangeInvalid,
            StatusCodes.BadIndexRangeNoData,
            StatusCodes.BadNodeIdInvalid,
            StatusCodes.BadNodeIdUnknown,
            StatusCodes.BadNotFound,
            StatusCodes.BadNotImplemented,
            StatusCodes.BadNotReadable,
            StatusCodes.BadNotSupported,
            StatusCodes.BadObjectDeleted,
            StatusCodes.BadUserAccessDenied,
            StatusCodes.UncertainConfigurationError,
        ),
        Reason.RANGE: (
            StatusCodes.BadNumericOverflow,
            StatusCodes.BadOutOfRange,
            StatusCodes.GoodClamped,
            StatusCodes.UncertainEngineeringUnitsExceeded,
            StatusCodes.UncertainOverRange,
            StatusCodes.UncertainUnderRange,
        ),
        Reason.STALE: (
            StatusCodes.BadNoData,
            StatusCodes.BadNoDataAvailable,
            StatusCodes.BadNoValue,
            StatusCodes.BadWaitingForInitialData,
            StatusCodes.UncertainInitialValue,
            StatusCodes.UncertainLastUsableValue,
        ),
        Reason.DECODE: (
            StatusCodes.BadDataEncodingInvalid,
            StatusCodes.BadDataEncodingUnsupported,
            StatusCodes.BadDecodingError,
            StatusCodes.BadEncodingError,
            StatusCodes.BadTypeMismatch,
        ),
        Reason.GAP: (StatusCodes.BadDataLost,),
        Reason.DEVICE: (
            StatusCodes.UncertainDataSubNormal,
            StatusCodes.UncertainSensorCalibration,
            StatusCodes.UncertainSensorNotAccurate,
            StatusCodes.UncertainSubNormal,
        ),
    }
)
_REASONS: Mapping[int, Reason] = MappingProxyType(
    {code: reason for reason, codes in _BY_REASON.items() for code in codes}
)
_GONE = frozenset({StatusCodes.BadNodeIdUnknown, StatusCodes.BadNodeIdInvalid})


def quality_of(status: int) -> int:
    """The quality byte of a status code.

    The severity decides good, uncertain or bad. A bad code of no other meaning is the device's
    fault. A value after which the queue ran over says that readings are missing before it, unless
    it has a reason of its own.
    """
    quality = _quality(status)
    reason = _REASONS.get(status & _CODE_MASK, Reason.NONE)
    if reason is Reason.NONE and overflowed(status):
        reason = Reason.GAP
    if reason is Reason.NONE and quality is Quality.BAD:
        reason = Reason.DEVICE
    return quality_code(quality, reason)


def overflowed(status: int) -> bool:
    """Does the status say that the item's queue ran over before this value?"""
    return status & _INFO_MASK == _OVERFLOW


def is_gone(status: int) -> bool:
    """Does the status say that the server has no such node (any more)?"""
    return status & _CODE_MASK in _GONE


def _quality(status: int) -> Quality:
    return (Quality.GOOD, Quality.UNCERTAIN, Quality.BAD, Quality.BAD)[status >> 30]
