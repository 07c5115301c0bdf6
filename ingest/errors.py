"""What ends or repeats the work of ingest.

OilcanError (config.errors)
└── IngestError
    └── CursorMoved     read again from the cursor: another worker has taken this partition in
"""

from config.errors import OilcanError


class IngestError(OilcanError):
    """Root of the errors of ingest."""


class CursorMoved(IngestError):
    """The cursor does not stand where this worker left it."""
