"""What ends or repeats the work of ingest.

OilcanError (config.errors)
└── IngestError
    ├── CursorMoved     read again from the cursor: another worker has taken this partition in
    ├── ImportRefused   correct the file, or say how it is to be read
    └── ExportRefused   name another file: this one cannot be written
"""

from config.errors import OilcanError


class IngestError(OilcanError):
    """Root of the errors of ingest."""


class CursorMoved(IngestError):
    """The cursor does not stand where this worker left it."""


class ImportRefused(IngestError):
    """A file of readings cannot be taken in as it is; nothing of it was."""


class ExportRefused(IngestError):
    """A file of readings cannot be written."""
