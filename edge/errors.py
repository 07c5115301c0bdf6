"""The edge's errors, named for what the caller does next.

config.errors.OilcanError
└── EdgeError
    ├── SourceLost          connect anew after a while: the device, server or broker is away
    │   └── SourceRefused   look at the source's settings; it is tried again all the same
    ├── DeviceSilent        leave this device alone for a while; others behind the source may answer
    ├── DeviceRefused       take its values as bad: the device answered with an exception
    ├── WriteRefused        say why: nothing was written, and nothing will be
    └── PayloadError        keep the payload aside: it cannot be read as what it should be
"""

from config.errors import OilcanError


class EdgeError(OilcanError):
    """Root of what goes wrong while collecting."""


class SourceLost(EdgeError):
    """The source cannot be reached, or stopped to answer."""


class SourceRefused(SourceLost):
    """The source answers, but refuses us: login, rights, unknown nodes or protocol."""


class DeviceSilent(EdgeError):
    """A device behind a source that can be reached did not give a usable answer in time."""


class DeviceRefused(EdgeError):
    """A device answered a request with a Modbus exception."""

    def __init__(self, code: int) -> None:
        self.code = code
        super().__init__(f"exception {code}")


class WriteRefused(EdgeError):
    """A write command that may not, or cannot, be carried out; nothing was sent to the device."""


class PayloadError(EdgeError):
    """A payload that cannot be read as what it should be."""
