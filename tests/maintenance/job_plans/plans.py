"""Job plans that several tests use."""

from decimal import Decimal

from maintenance.job_plans.plan import JobPlan, Limits, OnFail, PlannedPart, Step, StepKind

LOCKED = Step("locked", StepKind.CHECK, "Locked out", on_fail=OnFail.STOP)
VIBRATION = Step(
    "vibration",
    StepKind.NUMBER,
    "Vibration",
    on_fail=OnFail.FOLLOW_UP,
    failure_mode="VIB",
    unit="mm/s",
    limits=Limits(high_alert=4.5, high_reject=7.1),
    point="de_vibration",
)
SEAL = Step(
    "seal",
    StepKind.CHOICE,
    "Seal",
    on_fail=OnFail.FOLLOW_UP,
    choices=("dry", "moist", "dripping"),
    failing=("dripping",),
)
REMARK = Step("remark", StepKind.TEXT, "Anything else?", required=False)
PHOTO = Step("photo", StepKind.PHOTO, "Photo of the seal", required=False)
SIGNED = Step("signed", StepKind.SIGNATURE, "Work is done", required=False)

INSPECT = JobPlan(
    code="inspect-bearing",
    name="Inspect the bearing",
    estimated_minutes=90,
    crafts=("mechanical", "electrical"),
    skills=("vibration-analysis",),
    permits=("lock-out",),
    tools=("puller",),
    parts=(PlannedPart("BRG-6309", Decimal(2), "pcs"), PlannedPart("G", Decimal("0.035"), "kg")),
    steps=(LOCKED, VIBRATION, SEAL, REMARK, PHOTO, SIGNED),
)
