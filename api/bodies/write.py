"""Write commands as the API shows and takes them."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, StringConstraints

from api.bodies.page import PageQuery
from api.writes.write import NewWrite, Write, WriteState


class NewWriteBody(BaseModel):
    """A value that a device is to take."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"value": 42.5, "reason": "Trial run after overhaul"}]},
    )

    value: FiniteFloat = Field(description="In the point's unit.")
    reason: Annotated[
        str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)
    ] = Field(description="Why; it stays in the audit trail.")
    valid_for_s: float = Field(
        default=5.0,
        ge=0.5,
        le=60.0,
        description="Seconds until the command expires: an edge that hears of it later, or could "
        "not begin by then, does not carry it out.",
    )

    def to_domain(self) -> NewWrite:
        """What is asked for."""
        return NewWrite(self.value, self.reason, self.valid_for_s)


class WriteBody(BaseModel):
    """A write command, who asked for it, and what came of it."""

    id: int
    tag: str = Field(examples=["P-101.speed_setpoint"])
    value: float = Field(description="As it was asked for.", examples=[42.5])
    unit: str = Field(examples=["Hz"])
    reason: str
    actor: str = Field(examples=["key:scada"])
    state: WriteState = Field(
        description="`sent`: no answer yet. `confirmed`: accepted and read back as written. "
        "`unconfirmed`: accepted, but the device holds something else or cannot be read. "
        "`refused`: nothing was written. `unknown`: it may or may not have been carried out, and "
        "is not sent again."
    )
    message: str = Field(description="By whom and why it was refused, or what is not known.")
    asked_at: datetime
    expires_at: datetime
    answered_at: datetime | None
    edge: str = Field(examples=["edge-1"])
    source: str = Field(examples=["pump-house"])
    registers: list[int] = Field(
        description="What went to the device; empty: nothing did.", examples=[[16938, 0]]
    )
    read_back: float | None = Field(description="The reading right after, in the same unit.")

    @classmethod
    def of(cls, write: Write, now: datetime) -> "WriteBody":
        """From the command as it stands now."""
        return cls(
            id=write.id,
            tag=write.tag,
            value=write.value,
            unit=write.unit,
            reason=write.reason,
            actor=write.actor,
            state=write.state(now),
            message=write.message,
            asked_at=write.asked_at,
            expires_at=write.expires_at,
            answered_at=write.answered_at,
            edge=write.edge,
            source=write.source,
            registers=list(write.registers),
            read_back=write.read_back,
        )


class WriteQuery(PageQuery):
    """Which page of write commands."""
