"""An OPC UA source in a plant's files: a server, its variables and its alarms."""

import re
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from edge.filter import Report
from edge.opcua.paths import check_numbers, check_path, check_template
from edge.opcua.security import OpcuaSecurity
from edge.source import (
    Address,
    AssetTag,
    DurationUs,
    FileModel,
    ReportFields,
    SourceFields,
    parse_address,
)

_PORT = 4840
_STANDSTILL_US = 60_000_000
_SHORTEST_QUEUE, _LONGEST_QUEUE = 100, 10_000
# The server samples at a rate of its own; few do so more than fifty times a second.
_QUEUE_AT_ANY_RATE = 1_000
_NODE = re.compile(r"(nsu=[^;]+;)?(i=\d+|s=.+|g=[0-9A-Fa-f-]{36}|b=.+)")


def _address(text: str) -> str:
    parse_address(text, scheme="opc.tcp", port=_PORT)
    return text


def _node(text: str) -> str:
    if _NODE.fullmatch(text) is None:
        remedy = "Write nsu=urn:of:the:namespace;s=Name: the index `ns=` may change at each start"
        raise ValueError(f"{text!r} is not a node | {remedy}")
    return text


NodeText = Annotated[str, AfterValidator(_node)]
"""A node by its namespace's URI: `nsu=urn:press;s=Temp`; without `nsu=` a node of OPC UA itself."""


class Discard(StrEnum):
    """Which change a full queue gives up."""

    OLDEST = "oldest"
    NEWEST = "newest"


class Watched(ReportFields):
    """How variables are watched by the server."""

    unit: str | None = Field(
        default=None,
        description="Unit of the value, for people; the point's own unit counts.",
        examples=["degC"],
    )
    sampling_us: DurationUs = Field(
        default=0,
        alias="sampling",
        ge=0,
        description="How often the server looks at the variable; left out: as often as it can.",
        examples=["100ms"],
    )
    queue: int | None = Field(
        default=None,
        ge=1,
        le=_LONGEST_QUEUE,
        description="Changes that the server keeps of the variable until they are taken: its rate "
        "times the longest standstill to bridge. Left out: those of a minute by `sampling`, from 100 "
        "to 10000; 1000 where `sampling` is left out too.",
        examples=[100],
    )
    discard: Discard = Field(
        default=Discard.OLDEST,
        description="Which change a full queue gives up; the next reading is marked (gap).",
        examples=["oldest"],
    )
    server_deadband: float | None = Field(
        default=None,
        gt=0,
        allow_inf_nan=False,
        description="Changes up to this much the server keeps back, in the value's unit.",
        examples=[0.2],
    )
    server_deadband_percent: float | None = Field(
        default=None,
        gt=0,
        le=100,
        description="The same in percent of the variable's EURange. Where the server has none every "
        "change is read, and the source's status says so.",
        examples=[1],
    )

    @property
    def queue_size(self) -> int:
        """`queue`, or what a standstill of a minute takes."""
        if self.queue is not None:
            return self.queue
        if not self.sampling_us:
            return _QUEUE_AT_ANY_RATE
        return min(max(_STANDSTILL_US // self.sampling_us, _SHORTEST_QUEUE), _LONGEST_QUEUE)

    @model_validator(mode="after")
    def _one_deadband(self) -> Self:
        if self.server_deadband is not None and self.server_deadband_percent is not None:
            raise ValueError("has two deadbands | Keep server_deadband or server_deadband_percent")
        return self


class OpcuaNode(Watched):
    """A variable that is watched, or all those that a path with wildcards leads to."""

    node: NodeText | None = Field(
        default=None,
        description="The variable, by namespace URI and identifier.",
        examples=["nsu=urn:press;s=Temperature"],
    )
    browse: Annotated[str, AfterValidator(check_path)] | None = Field(
        default=None,
        description="In place of `node`: a path of browse names from the Objects folder on. "
        "`*` stands for any part of a name, `{a,b}` for one of these, `**` for any number of names.",
        examples=["Machines/*/Temperature"],
    )
    tag: Annotated[str, AfterValidator(check_template)] = Field(
        description="The point that it becomes; with `browse`, `{1}` is what the first wildcard "
        "stands for.",
        examples=["K-201.temperature"],
    )

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.node is None) == (self.browse is None):
            raise ValueError("needs node or browse | Give one of the two")
        check_numbers(self.browse or "", self.tag)
        return self


class OpcuaAlarms(FileModel):
    """Alarms and conditions of an object that notifies of events."""

    node: NodeText = Field(
        default="i=2253",
        description="The object to listen to; left out: the server object, which passes on all.",
        examples=["nsu=urn:press;s=Compressor"],
    )
    asset: AssetTag = Field(
        description="The asset that these alarms belong to.", examples=["K-201"]
    )
    code: str | None = Field(
        default=None,
        min_length=1,
        description="Code of every alarm heard here; left out: the event's ConditionName, "
        "and where it has none its SourceName.",
        examples=["HIGH_TEMP"],
    )
    acknowledgements: bool = Field(
        default=True,
        description="Does an acknowledgement at the server count as one here? Say false where the "
        "server tells every alarm as acknowledged because nobody acknowledges there.",
        examples=[False],
    )


class OpcuaSource(SourceFields):
    """An OPC UA server."""

    type: Literal["opcua"] = Field(description="opcua", examples=["opcua"])
    connect: Annotated[str, AfterValidator(_address)] = Field(
        description="The server's address.", examples=["opc.tcp://plc:4840"]
    )
    user: str | None = Field(
        default=None, description="User to log in as; left out: anonymous.", examples=["oilcan"]
    )
    password: str | None = Field(
        default=None,
        repr=False,
        description="The user's password; keep it in the environment.",
        examples=["${PRESS_PASSWORD}"],
    )
    security: OpcuaSecurity | None = Field(
        default=None,
        description="Signed and encrypted messages; left out: neither, and whoever listens on the "
        "network reads along.",
        examples=[{"policy": "Basic256Sha256", "pki": "/var/lib/oilcan/pki"}],
    )
    publish_every_us: DurationUs = Field(
        default=500_000,
        alias="publish_every",
        ge=10_000,
        description="How often the server sends changes.",
        examples=["500ms"],
    )
    timeout_us: DurationUs = Field(
        default=5_000_000,
        alias="timeout",
        ge=100_000,
        description="Longest wait for a connection or an answer.",
        examples=["5s"],
    )
    history_us: DurationUs = Field(
        default=86_400_000_000,
        alias="history",
        ge=0,
        description="How much of an outage is filled from the server's own history, where it keeps "
        "one; 0s: nothing.",
        examples=["1d"],
    )
    items_per_call: int = Field(
        default=1_000,
        ge=1,
        le=10_000,
        description="Most nodes in one request; fewer where the server names a lower limit.",
        examples=[1000],
    )
    nodes: list[OpcuaNode] = Field(
        default_factory=list,
        description="Variables to watch.",
        examples=[[{"node": "nsu=urn:press;s=Temp", "tag": "K-201.temperature"}]],
    )
    alarms: list[OpcuaAlarms] = Field(
        default_factory=list,
        description="Objects whose alarms are taken in.",
        examples=[[{"asset": "K-201"}]],
    )

    @model_validator(mode="after")
    def _one_login(self) -> Self:
        if self.user and self.security and self.security.user_certificate:
            raise ValueError("has two logins, user and user_certificate | Keep one of the two")
        return self

    @property
    def reports(self) -> dict[str, Report]:
        """What is news, by tag, of the variables that say so."""
        return {node.tag: report for node in self.nodes if (report := node.report) is not None}

    @property
    def address(self) -> Address:
        """`connect` in parts."""
        return parse_address(self.connect, scheme="opc.tcp", port=_PORT)
