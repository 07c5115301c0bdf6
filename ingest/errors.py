"""What ends or repeats the work of ingest.

OilcanError (config.errors)
└── IngestError
    ├── CursorMoved           read again from the cursor: another worker has taken this partition in
    ├── DeadLetterMissing     ask for another dead letter
    ├── DeadLetterSettled     leave it: somebody retried or discarded it before
    ├── RetryRefused          heal what the message says, then retry; or discard it
    ├── DiscardReasonMissing  say why it is given up
    ├── ImportRefused         correct the file, or say how it is to be read
    ├── ExportRefused         name another file: this one cannot be written
    ├── NotAMeter             ask for a counter: other points have no meter
    ├── FactMissing           look it up among the facts of the meter
    └── FactRefused           correct the fact: it cannot be so
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


class DeadLetterMissing(IngestError):
    """There is no dead letter of that number."""


class DeadLetterSettled(IngestError):
    """The dead letter was retried or discarded before."""


class RetryRefused(IngestError):
    """The dead letter still cannot be stored; nothing of it was."""


class DiscardReasonMissing(IngestError):
    """Nobody may give up what came without saying why."""


class NotAMeter(IngestError):
    """The point is no counter."""


class FactMissing(IngestError):
    """The meter has no such fact."""


class FactRefused(IngestError):
    """What is said of a meter contradicts what is known of it."""
