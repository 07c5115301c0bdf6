"""A Modbus source in a plant's files: a gateway or device, its units and their registers."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, FiniteFloat, model_validator

from edge.filter import Report
from edge.modbus.address import Base, locate
from edge.modbus.fit import contradiction, misfit
from edge.modbus.link import Link, NetworkLink, Scheme, parse_link
from edge.modbus.plan import Value
from edge.modbus.registers import ByteOrder, Table, ValueType
from edge.modbus.writable import WriteLimits, unwritable
from edge.source import AssetTag, DurationUs, FileModel, ReportFields, SourceFields

_WORDS_AT_ONCE = 125


def _link(text: str) -> str:
    parse_link(text)
    return text


class Block(FileModel):
    """How registers are gathered into one request."""

    max_gap: int = Field(
        default=8,
        ge=0,
        le=_WORDS_AT_ONCE,
        description="Registers nobody asked for that may be read along to save a request.",
        examples=[8],
    )
    max_words: int = Field(
        default=120,
        ge=1,
        le=_WORDS_AT_ONCE,
        description="Most registers in one request; small devices allow fewer than 120. "
        "One request for coils or discrete inputs reads up to 16 times as many.",
        examples=[80],
    )


class Writable(FileModel):
    """What write commands may set a value to."""

    min: FiniteFloat | None = Field(
        default=None,
        description="Least value that may be written, in the unit of the reading.",
        examples=[0],
    )
    max: FiniteFloat | None = Field(
        default=None,
        description="Greatest value that may be written, in the unit of the reading.",
        examples=[50],
    )
    function: Literal[5, 6, 15, 16] | None = Field(
        default=None,
        description="Function code to write with, for devices that do not have the usual one: "
        "5 for a coil, 6 for one register, 16 for more.",
        examples=[16],
    )

    @property
    def limits(self) -> WriteLimits:
        """The same, as what decides takes it."""
        return WriteLimits(self.min, self.max, self.function)


class RegisterPoint(ReportFields):
    """One value in a device's registers."""

    at: int | str = Field(
        description="Address of its first register, counted from the device's `base`.",
        examples=[0x0048],
    )
    registers: Table | None = Field(
        default=None,
        description="Table that the value is in, where it is not the device's usual one.",
        examples=["input"],
    )
    type: ValueType | None = Field(
        default=None,
        description="Type of the value: bit, uint8_high, uint8_low, int8_high, int8_low, uint16, "
        "int16, uint32, int32, uint64, int64, float16, float32, float64, bcd16, bcd32 or string; "
        "left out: uint16, and bit in `coil` and `discrete`.",
        examples=["float32"],
    )
    byte_order: ByteOrder | None = Field(
        default=None,
        description="Order of the bytes, where it is not the device's usual one.",
        examples=["CDAB"],
    )
    bit: int | None = Field(
        default=None,
        ge=0,
        le=15,
        description="Take this one bit of the word (0 the least significant) as 0 or 1.",
        examples=[3],
    )
    length: int | None = Field(
        default=None,
        ge=1,
        le=_WORDS_AT_ONCE,
        description="Registers of a string, two characters in each.",
        examples=[4],
    )
    enum: dict[int | str, FiniteFloat] = Field(
        default_factory=dict,
        description="Reading for each raw number, or each text of a string; a raw value that is "
        "not among them makes a bad reading.",
        examples=[{"0": 0, "7": 1}],
    )
    scale: float = Field(
        default=1.0,
        allow_inf_nan=False,
        description="The reading is raw * scale + offset.",
        examples=[0.1],
    )
    offset: float = Field(
        default=0.0,
        allow_inf_nan=False,
        description="Added after scaling.",
        examples=[-40.0],
    )
    every_us: DurationUs | None = Field(
        default=None,
        alias="every",
        ge=10_000,
        description="Time from one reading of this point to the next, where it is not the "
        "source's; points of one interval are read together.",
        examples=["60s"],
    )
    unit: str | None = Field(
        default=None,
        description="Unit of the reading after scaling, for people; the point's own unit counts.",
        examples=["degC"],
    )
    writable: bool | Writable = Field(
        default=False,
        description="May write commands set it? `true`: to any value that its registers hold; or "
        "within `min` and `max`. In `coil` and `holding` only.",
        examples=[{"min": 0, "max": 50}],
    )

    @property
    def write_limits(self) -> WriteLimits | None:
        """What may be written; None where nothing may."""
        if isinstance(self.writable, Writable):
            return self.writable.limits
        return WriteLimits() if self.writable else None


class AlarmPoint(FileModel):
    """A bit by which the device raises an alarm of its own."""

    at: int | str = Field(
        description="Address of the coil, discrete input or register, counted from `base`.",
        examples=[3],
    )
    registers: Table | None = Field(
        default=None,
        description="Table that it is in, where it is not the device's usual one.",
        examples=["discrete"],
    )
    bit: int | None = Field(
        default=None,
        ge=0,
        le=15,
        description="The bit of a register (0 the least significant); left out: the register is "
        "an alarm while it is not 0.",
        examples=[3],
    )
    active: Literal[0, 1] = Field(
        default=1,
        description="State of the bit while the alarm is active; 0 for a contact that opens.",
        examples=[0],
    )
    severity: int = Field(
        default=500, ge=1, le=1000, description="Severity, 1 to 1000 as in OPC UA.", examples=[700]
    )
    message: str = Field(
        default="", description="What the alarm says to people.", examples=["Motor overheated"]
    )


class RegisterMap(FileModel):
    """The registers of a kind of device; as a profile it serves many devices."""

    registers: Table = Field(
        default=Table.HOLDING,
        description="Table that values are in unless they say otherwise: "
        "coil, discrete, input or holding.",
        examples=["input"],
    )
    base: Base = Field(
        default=0,
        description="What `at` calls the first register of a table: 0 as on the wire, 1 as many "
        "manuals do, or modicon: 40001 in `holding`, 30001 in `input`, 10001 in `discrete`, "
        "'00001' in `coil`, or the same with six digits; such a number names its table itself.",
        examples=[1],
    )
    byte_order: ByteOrder = Field(
        default=ByteOrder.ABCD,
        description="Order of the bytes of values over several registers: ABCD, DCBA, BADC, CDAB.",
        examples=["CDAB"],
    )
    block: Block = Field(
        default=Block(),
        description="How registers are gathered into requests.",
        examples=[{"max_gap": 8, "max_words": 80}],
    )
    points: dict[str, RegisterPoint] = Field(
        default_factory=dict,
        description="The values: role of the point within the asset, and where it stands.",
        examples=[{"speed": {"at": 2, "type": "int16", "scale": 0.1}}],
    )

    alarms: dict[str, AlarmPoint] = Field(
        default_factory=dict,
        description="The device's own alarms: code of the alarm within the asset, and its bit; "
        "read at the source's interval.",
        examples=[{"OVERHEATED": {"at": 3, "bit": 0, "severity": 700}}],
    )

    @model_validator(mode="after")
    def _points_fit(self) -> Self:
        values = [self._checked(f"point {role}", point) for role, point in self.points.items()]
        values += [self._checked(f"alarm {code}", alarm) for code, alarm in self.alarms.items()]
        if (problem := contradiction(values)) is not None:
            raise ValueError(problem)
        return self

    def _checked(self, name: str, point: RegisterPoint | AlarmPoint) -> Value:
        try:
            value = self.value_of(point, tag=name)
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from None
        if (problem := misfit(value, max_words=self.block.max_words)) is not None:
            raise ValueError(f"{name}: {problem}")
        limits = point.write_limits if isinstance(point, RegisterPoint) else None
        if limits is not None and (problem := unwritable(value, limits)) is not None:
            raise ValueError(f"{name}: {problem}")
        return value

    def value_of(self, point: RegisterPoint | AlarmPoint, *, tag: str) -> Value:
        """A point as the value to plan and decode. Raises `ValueError` where it cannot be placed."""
        if isinstance(point, AlarmPoint):
            point = RegisterPoint(at=point.at, registers=point.registers, bit=point.bit)
        usual = point.registers or self.registers
        table, at = locate(point.at, base=self.base, table=usual)
        if point.registers is not None and table is not point.registers:
            remedy = "Drop `registers`: the number says it"
            raise ValueError(f"{point.at} is in table {table}, not {point.registers} | {remedy}")
        return Value(
            tag=tag,
            table=table,
            at=at,
            type=point.type or (ValueType.BIT if table.holds_bits else ValueType.UINT16),
            order=point.byte_order or self.byte_order,
            bit=point.bit,
            scale=point.scale,
            offset=point.offset,
            length=point.length,
            enum=tuple(point.enum.items()),
        )


class ModbusDevice(RegisterMap):
    """One unit behind the address: an asset, with its registers here or in a profile."""

    unit: int = Field(
        default=1, ge=0, le=255, description="Unit (slave) address of the device.", examples=[1]
    )
    asset: AssetTag = Field(
        description="Tag of the asset; its points are asset.role.", examples=["P-101"]
    )
    profile: str | None = Field(
        default=None,
        description="Name of a profile under `profiles:` of any file; instead of `points` here.",
        examples=["sdm630"],
    )

    @model_validator(mode="after")
    def _points_or_profile(self) -> Self:
        given = self.model_fields_set & set(RegisterMap.model_fields)
        if self.profile is None and not self.points and not self.alarms:
            raise ValueError("device has no points | Give `profile:` or `points:`")
        if self.profile is not None and given:
            raise ValueError(f"device has a profile and {', '.join(sorted(given))} | Keep one")
        return self

    @property
    def name(self) -> str:
        """Its name in health and messages: asset and unit, for an asset may have several."""
        return f"{self.asset}/{self.unit}"

    def with_profile(self, profile: RegisterMap) -> "ModbusDevice":
        """The device with the registers of its profile."""
        return self.model_copy(update={name: getattr(profile, name) for name in _MAP_FIELDS})


_MAP_FIELDS = tuple(RegisterMap.model_fields)


class TlsFiles(FileModel):
    """Files in PEM form for a TLS connection; paths count from where Oilcan is started."""

    ca: str | None = Field(
        default=None,
        description="Certificates of the authorities that may vouch for the device; left out: "
        "those of the operating system.",
        examples=["/etc/oilcan/plant-ca.pem"],
    )
    cert: str | None = Field(
        default=None,
        description="Our own certificate, where the device asks for one.",
        examples=["/etc/oilcan/edge.pem"],
    )
    key: str | None = Field(
        default=None,
        description="Its private key, unless that is in the same file.",
        examples=["/etc/oilcan/edge.key"],
    )

    @model_validator(mode="after")
    def _key_has_certificate(self) -> Self:
        if self.key is not None and self.cert is None:
            raise ValueError("there is a key without its certificate | Add `cert:`")
        return self


class ModbusSource(SourceFields):
    """A Modbus device, or a gateway or serial line with several."""

    type: Literal["modbus"] = Field(description="modbus", examples=["modbus"])
    connect: Annotated[str, AfterValidator(_link)] = Field(
        description="Way to it: tcp://host:port (port 502 if none is given), rtu+tcp://host:port "
        "for RTU frames over TCP, tls://host:port (port 802), or "
        "serial:///dev/ttyUSB0?baud=9600&parity=N&stop=1.",
        examples=["tcp://10.0.0.5:502"],
    )
    tls: TlsFiles = Field(
        default=TlsFiles(),
        description="Files for tls://, where the operating system's authorities do not do.",
        examples=[{"ca": "/etc/oilcan/plant-ca.pem"}],
    )
    every_us: DurationUs = Field(
        default=1_000_000,
        alias="every",
        ge=10_000,
        description="Time from one reading of all devices to the next.",
        examples=["1s"],
    )
    timeout_us: DurationUs = Field(
        default=1_000_000,
        alias="timeout",
        ge=10_000,
        description="Longest wait for a connection or an answer.",
        examples=["500ms"],
    )
    devices: list[ModbusDevice] = Field(
        min_length=1,
        description="Units behind this address.",
        examples=[[{"unit": 1, "asset": "P-101", "profile": "sdm630"}]],
    )

    @model_validator(mode="after")
    def _tls_has_its_scheme(self) -> Self:
        link = self.link
        uses_tls = isinstance(link, NetworkLink) and link.scheme is Scheme.TLS
        if "tls" in self.model_fields_set and not uses_tls:
            raise ValueError("there are files for TLS, but no TLS | Write `connect: tls://...`")
        return self

    @property
    def reports(self) -> dict[str, Report]:
        """What is news, by tag, of the points that say so."""
        return {
            f"{device.asset}.{role}": report
            for device in self.devices
            for role, point in device.points.items()
            if (report := point.report) is not None
        }

    @property
    def devices_by_tag(self) -> dict[str, str]:
        """The name of the device that each tag is read from."""
        return {
            f"{device.asset}.{role}": device.name
            for device in self.devices
            for role in device.points
        }

    @property
    def link(self) -> Link:
        """`connect` in parts."""
        return parse_link(self.connect)
