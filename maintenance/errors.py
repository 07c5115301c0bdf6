"""The errors of maintenance, named for what the caller does next.

OilcanError
└── MaintenanceError
    ├── NotFound            correct the number or tag: there is no such thing
    ├── StaleVersion        read again, then decide again: someone was faster
    ├── TransitionRefused   take one of `allowed`: the order's state does not let this happen
    ├── RequirementMissing  give what is missing (`field`), then ask again
    ├── NotReady            bring about what is `missing` (permits, timers, parts), then ask again
    ├── AssetRetired        choose another asset, or bring this one back: it takes no new work
    ├── ProblemOpen         work on the order that it names: it is about the same problem
    ├── KeptInFiles         change the plant's files and apply them: they keep it
    ├── CodeTaken           choose another code: people, vendors and teams share one set of them
    ├── TimeOverlaps        correct the times: the person worked elsewhere then
    ├── LabourRefused       correct the entry: it does not fit what is recorded
    ├── PermitRefused       take the step before it first: permits go in their order
    ├── FamilyRefused       choose another parent: this one would close a ring, or is done
    ├── CodeUnknown         use one of `known`: there is no such code
    ├── AssigneeUnknown     name somebody of the plant: one of `near`, if that was meant
    ├── BulkRefused         correct the rows that it names: nothing was done
    ├── RegisterConflict    correct what is asked for: the register would contradict itself
    ├── DowntimeOverlaps    end or correct the interval that it names: an asset is down only once
    ├── DowntimeEnded       read it again: the interval has an end, or was withdrawn
    ├── ImportRefused       correct the rows that it names: nothing was imported
    ├── FileTooLarge        send a smaller file
    ├── FileEmpty           choose a file that holds something
    ├── FileMissing         restore OILCAN_HOME/files from a backup: the content is not there
    ├── StockShort          take less, wait for what is on order, or have it permitted
    ├── BookingRefused      correct what is booked: it does not fit what was booked before
    ├── LimitExceeded       ask somebody who may spend that much
    ├── PriceMissing        agree on a price with a vendor: nobody has one for it
    ├── DeliveryRefused     accept the difference with a reason, or send it back
    ├── ContractRefused     call off less, or take another contract: this one does not allow it
    ├── PlanUnknown         make the job plan, or name one that is in use
    ├── StepStale           look at what somebody else recorded meanwhile, then record again
    ├── StepValueInvalid    record what the step asks for (`field`)
    ├── ScheduleFrozen      measure against what was frozen: a week is frozen once
    ├── OccurrenceSettled   look at what was decided: this work is not ahead any more
    ├── TooEarly            do it later, or skip it: work done so early does not count
    ├── JoinRefused         join something else: nothing would come of this one
    ├── MailUnreadable      read the mail yourself: it cannot be made a request as it is
    └── MailboxUnavailable  see to the mailbox: it is looked at again by itself
"""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Protocol

from config.errors import OilcanError


class MaintenanceError(OilcanError):
    """Root of the errors of maintenance."""


class NotFound(MaintenanceError):
    """There is no such thing: `kind` says of what sort, `key` which one was asked for."""

    def __init__(self, kind: str, key: str) -> None:
        self.kind = kind
        self.key = key
        super().__init__(f"there is no {kind} {key}")


class StaleVersion(MaintenanceError):
    """The order has changed since the caller read it; `present` is its version now."""

    def __init__(self, number: str, *, expected: int, present: int) -> None:
        self.number = number
        self.expected = expected
        self.present = present
        super().__init__(f"{number} has version {present}, not {expected}: read it again")


class TransitionRefused(MaintenanceError):
    """The order's state does not let the action happen; `allowed` names those that it does."""

    def __init__(self, number: str, *, action: str, state: str, allowed: Sequence[str]) -> None:
        self.number = number
        self.action = action
        self.state = state
        self.allowed = tuple(allowed)
        now = f"allowed now: {', '.join(allowed)}" if allowed else "nothing is allowed any more"
        super().__init__(f"cannot {action} {number}: it is {state}; {now}")


class RequirementMissing(MaintenanceError):
    """The action needs `field`, which was not given."""

    def __init__(self, number: str, *, action: str, field: str, message: str) -> None:
        self.number = number
        self.action = action
        self.field = field
        super().__init__(f"cannot {action} {number}: {message}")


class Missing(Protocol):
    """What `NotReady` tells of (`orders.lack.Lack`)."""

    @property
    def code(self) -> str:
        """What stays the same."""
        ...

    @property
    def message(self) -> str:
        """A sentence for people."""
        ...


class NotReady(MaintenanceError):
    """Something has to be brought about before the action; `missing` tells all of it."""

    def __init__(self, number: str, *, action: str, missing: Sequence[Missing]) -> None:
        self.number = number
        self.action = action
        self.missing = tuple(missing)
        lacks = "; ".join(lack.message for lack in missing)
        super().__init__(f"cannot {action} {number}: {lacks}")


class AssetRetired(MaintenanceError):
    """The asset is retired: it takes no new work."""

    def __init__(self, asset: str) -> None:
        self.asset = asset
        super().__init__(f"asset {asset} is retired and takes no new work")


class ProblemOpen(MaintenanceError):
    """There is an open order about the same problem already; `number` names it."""

    def __init__(self, problem: str, number: str) -> None:
        self.problem = problem
        self.number = number
        super().__init__(f"{number} is open about the same problem ({problem})")


class KeptInFiles(MaintenanceError):
    """The plant's files keep it: the next `oilcan apply` would take a change back in silence."""

    def __init__(self, kind: str, key: str) -> None:
        self.kind = kind
        self.key = key
        super().__init__(
            f"{kind} {key} is kept in the plant's files: change it there and run `oilcan apply`"
        )


class CodeTaken(MaintenanceError):
    """The code names something else that an order can be given to."""

    def __init__(self, code: str, holder: str) -> None:
        self.code = code
        self.holder = holder
        super().__init__(f"{code} is the code of a {holder}: choose another one")


class TimeOverlaps(MaintenanceError):
    """The person's time is taken then already: nobody works twice at once."""

    def __init__(self, person: str, *, number: str) -> None:
        self.person = person
        self.number = number
        super().__init__(f"{person} worked on {number} in that time: entries do not overlap")


class LabourRefused(MaintenanceError):
    """Time cannot be recorded so; the message says what would be right."""


class PermitRefused(MaintenanceError):
    """A permit or an isolation does not take this step now; the message says what comes first."""


class FamilyRefused(MaintenanceError):
    """An order cannot be a part of that one; the message says why."""


class CodeUnknown(MaintenanceError):
    """There is no such code; `known` lists those that there are."""

    def __init__(self, what: str, code: str, *, known: Sequence[str]) -> None:
        self.code = code
        self.known = tuple(known)
        super().__init__(f"there is no {what} {code}; there are {', '.join(known)}")


class AssigneeUnknown(MaintenanceError):
    """Nobody who takes work has the code; `near` lists codes that may have been meant."""

    field = "assignee"

    def __init__(self, code: str, *, near: Sequence[str]) -> None:
        self.code = code
        self.near = tuple(near)
        meant = f"; did you mean {' or '.join(near)}?" if near else ""
        super().__init__(f"assignee: no person, team or vendor has the code {code!r}{meant}")


class BulkRefused(MaintenanceError):
    """Nothing was done, because of rows that could not be: `refused` has each one's error."""

    def __init__(self, refused: Sequence[tuple[str, MaintenanceError]]) -> None:
        self.refused = tuple(refused)
        super().__init__(f"nothing was done: {len(refused)} of the orders could not be changed")


class RegisterConflict(MaintenanceError):
    """What is asked for contradicts the register: `field` says where."""

    def __init__(self, field: str, message: str) -> None:
        self.field = field
        super().__init__(f"{field}: {message}")


class DowntimeOverlaps(MaintenanceError):
    """The asset is down already at some time of the interval; `present` is the other one's id."""

    def __init__(self, asset: str, present: int, message: str) -> None:
        self.asset = asset
        self.present = present
        super().__init__(f"{asset} {message} (downtime {present})")


class DowntimeEnded(MaintenanceError):
    """The interval has an end already, or was withdrawn."""

    def __init__(self, downtime: int, message: str) -> None:
        self.downtime = downtime
        super().__init__(f"downtime {downtime} {message}")


class ImportRefused(MaintenanceError):
    """Rows of a file are wrong, and nothing of it was taken: `problems` names each."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(problems))


class FileTooLarge(MaintenanceError):
    """The file has more than `most` bytes."""

    def __init__(self, most: int) -> None:
        self.most = most
        super().__init__(f"the file is larger than {most // 1024**2} MiB")


class FileEmpty(MaintenanceError):
    """The file holds nothing."""

    def __init__(self) -> None:
        super().__init__("the file holds nothing")


class FileMissing(MaintenanceError):
    """The content of an attachment is not in the folder of files."""

    def __init__(self, sha256: str) -> None:
        self.sha256 = sha256
        super().__init__(f"the content {sha256[:12]}… is not in the folder of files")


class StockShort(MaintenanceError):
    """There is not as much of a part as was asked for; `available` is what there is."""

    def __init__(self, part: str, storeroom: str, *, asked: Decimal, available: Decimal) -> None:
        self.part = part
        self.storeroom = storeroom
        self.asked = asked
        self.available = available
        super().__init__(
            f"{storeroom} has {available.normalize():f} of {part} to give, not {asked.normalize():f}"
        )


class BookingRefused(MaintenanceError):
    """What was to be booked does not fit what was booked before."""


class LimitExceeded(MaintenanceError):
    """The caller may not spend that much."""

    def __init__(self, number: str, *, amount_minor: int, limit_minor: int) -> None:
        self.number = number
        self.amount_minor = amount_minor
        self.limit_minor = limit_minor
        super().__init__(
            f"{number} costs {amount_minor} minor units, more than the {limit_minor} that you may "
            "approve"
        )


class PriceMissing(MaintenanceError):
    """No vendor has agreed on a price for the part on that day."""


class DeliveryRefused(MaintenanceError):
    """A delivery differs from what was ordered by more than is taken without asking."""


class ContractRefused(MaintenanceError):
    """A service contract does not allow what was to be called off."""


class PlanUnknown(MaintenanceError):
    """There is no job plan of that code, or it is retired."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(f"there is no job plan {code} in use")


class StepStale(MaintenanceError):
    """Somebody recorded at the step meanwhile: it stands at revision `present`."""

    def __init__(self, step: str, *, expected: int, present: int) -> None:
        self.expected = expected
        self.present = present
        super().__init__(
            f"{step!r} was recorded meanwhile (revision {present}, not {expected}): look at it again"
        )


class StepValueInvalid(MaintenanceError):
    """What was given is not what the step asks for; `field` names it."""

    def __init__(self, field: str, message: str) -> None:
        self.field = field
        super().__init__(message)


class ScheduleFrozen(MaintenanceError):
    """The schedule of the week was frozen before, and stays as it was then."""

    def __init__(self, site: str, week: date) -> None:
        self.site = site
        self.week = week
        super().__init__(f"the schedule of {site} for the week of {week} is frozen already")


class OccurrenceSettled(MaintenanceError):
    """It was decided what becomes of the plan's work; `state` says what."""

    def __init__(self, number: int, state: str) -> None:
        self.number = number
        self.state = state
        super().__init__(f"occurrence {number} is {state} already")


class TooEarly(MaintenanceError):
    """Work done at that time does not count for this due date; `from_when` says from when it does."""

    def __init__(self, number: int, from_when: str) -> None:
        self.number = number
        self.from_when = from_when
        super().__init__(f"occurrence {number}: work counts for it from {from_when} on")


class JoinRefused(MaintenanceError):
    """A request cannot be joined to that order or request; the message says why."""


class MailUnreadable(MaintenanceError):
    """The mail cannot be made a request as it is; the message says why."""


class MailboxUnavailable(MaintenanceError):
    """The mailbox cannot be reached, or refuses; the message says what it said."""
