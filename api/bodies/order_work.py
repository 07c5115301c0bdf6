"""Time, permits, signatures and failure codes as the API shows them and takes them in."""

from datetime import datetime

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from api.bodies.page import FromDomain
from maintenance.orders.failure_report import CodeKind
from maintenance.orders.labour import TimeWorked
from maintenance.orders.permit import (
    Energy,
    IsolationStep,
    NewIsolation,
    NewPermit,
    Permit,
    PermitKind,
    PermitState,
)
from maintenance.orders.signature import Meaning, Signature


class LabourBody(FromDomain):
    """Time of one person on an order."""

    id: int
    number: str = Field(examples=["WO-000001"])
    person: str = Field(examples=["kim"])
    craft: str | None
    started_at: datetime | None
    finished_at: datetime | None
    minutes: int | None = Field(description="null: a timer that runs; below 0: a correction.")
    note: str
    entered_by: str
    entered_at: datetime
    reverses: int | None = Field(description="The entry that it takes back.")
    reversed_at: datetime | None


class TimerBody(BaseModel):
    """Whose time runs."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"person": "kim"}]})

    person: str | None = Field(
        default=None, min_length=1, max_length=100, description="Left out: who asks."
    )
    craft: str | None = Field(default=None, max_length=100)


class TimeWorkedBody(BaseModel):
    """Time that was worked: from and to, or minutes alone."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"person": "kim", "minutes": 45}]}
    )

    person: str | None = Field(
        default=None, min_length=1, max_length=100, description="Left out: who asks."
    )
    started_at: AwareDatetime | None = None
    finished_at: AwareDatetime | None = None
    minutes: int | None = Field(default=None, ge=1, le=100_000)
    craft: str | None = Field(default=None, max_length=100)
    note: str = Field(default="", max_length=2000)

    def worked_by(self, caller: str) -> TimeWorked:
        """As the domain has it."""
        return TimeWorked(
            self.person or caller,
            self.started_at,
            self.finished_at,
            self.minutes,
            craft=self.craft,
            note=self.note,
        )


class ReasonBody(BaseModel):
    """Why something is done."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"reason": "Typed wrong"}]}
    )

    reason: str = Field(min_length=1, max_length=2000)


class IsolationBody(FromDomain):
    """A point that is isolated; who did what there, and when."""

    tag: str = Field(examples=["Q-101"])
    energy: Energy
    method: str
    applied_by: str | None
    applied_at: datetime | None
    verified_by: str | None
    verified_at: datetime | None
    removed_by: str | None
    removed_at: datetime | None
    next: IsolationStep


class PermitBody(BaseModel):
    """A permit that an order's work needs."""

    id: int
    kind: PermitKind
    state: PermitState
    description: str
    required_by: str
    required_at: datetime
    issued_by: str | None
    issued_at: datetime | None
    valid_until: datetime | None
    closed_by: str | None
    closed_at: datetime | None
    withdrawn_by: str | None
    withdrawn_at: datetime | None
    isolations: list[IsolationBody]

    @classmethod
    def of(cls, permit: Permit, now: datetime) -> "PermitBody":
        """From the domain's permit, as of now."""
        fields = {
            name: getattr(permit, name)
            for name in cls.model_fields
            if name not in {"state", "isolations"}
        }
        points = [IsolationBody.model_validate(point) for point in permit.isolations]
        return cls(**fields, state=permit.state(now), isolations=points)


class NewIsolationBody(BaseModel):
    """A point that is to be isolated."""

    model_config = ConfigDict(extra="forbid")

    tag: str = Field(min_length=1, max_length=100, pattern=r"^[^/]+$", examples=["Q-101"])
    energy: Energy
    method: str = Field(default="", max_length=500)


class NewPermitBody(BaseModel):
    """A permit that an order's work is to need."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"kind": "lockout", "isolations": [{"tag": "Q-101", "energy": "electrical"}]}
            ]
        },
    )

    kind: PermitKind
    description: str = Field(default="", max_length=2000)
    isolations: list[NewIsolationBody] = Field(default_factory=list, max_length=100)

    def permit(self) -> NewPermit:
        """As the domain has it."""
        points = (NewIsolation(one.tag, one.energy, one.method) for one in self.isolations)
        return NewPermit(self.kind, self.description, tuple(points))


class PermitStepBody(BaseModel):
    """What is said along with a step of a permit."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"valid_until": "2026-05-04T16:00:00Z"}]}
    )

    valid_until: AwareDatetime | None = Field(
        default=None, description="When issuing: until when it holds; left out: without end."
    )


class SignatureBody(BaseModel):
    """Who vouched for what."""

    id: int
    version: int = Field(description="The order's version that was signed.")
    meaning: Meaning
    signer: str
    at: datetime
    content: str = Field(description="What was signed, as JSON with sorted keys.")
    hash: str = Field(description="SHA-256 of the content.")
    holds: bool = Field(description="Whether the content has that hash.")

    @classmethod
    def of(cls, signature: Signature) -> "SignatureBody":
        """From the domain's signature."""
        fields = {name: getattr(signature, name) for name in cls.model_fields if name != "holds"}
        return cls(**fields, holds=signature.holds())


class NewSignatureBody(BaseModel):
    """What a signature is to say."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"meaning": "performed"}]}
    )

    meaning: Meaning


class HoldReasonBody(FromDomain):
    """Why work stands still."""

    code: str = Field(examples=["waiting_parts"])
    name: str
    pauses_sla: bool = Field(description="Whether the clocks of agreements stand still with it.")


class FailureCodeBody(FromDomain):
    """A code that failure reports may use (ISO 14224)."""

    kind: CodeKind
    code: str = Field(examples=["VIB"])
    name: str
    asset_class: str | None = Field(description="null: for every class.")


class FailureReportBody(BaseModel):
    """What people found, by whom and when."""

    failure_mode: str
    mechanism: str | None
    cause: str | None
    detection_method: str | None
    activity: str | None
    remark: str
    failed_at: datetime | None
    restored_at: datetime | None
    reported_by: str
    reported_at: datetime
