"""Sources as files: `sources:` and `profiles:` of a plant's documents, read and checked.

Nothing here connects. Every problem has its file, line and remedy.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from config.documents import Document, KeyPath, Place, Problem, validation_problems
from edge.modbus.link import means_every_device
from edge.modbus.source import ModbusDevice, ModbusSource, RegisterMap
from edge.mqtt.entries import AlarmTopic, SparkplugTopic, StateTopic
from edge.mqtt.source import MqttSource
from edge.mqtt.topics import template_names
from edge.opcua.paths import is_template
from edge.opcua.source import OpcuaSource

Source = ModbusSource | OpcuaSource | MqttSource
"""One source; `type` says which."""

_MODELS: dict[str, type[ModbusSource | OpcuaSource | MqttSource]] = {
    "modbus": ModbusSource,
    "opcua": OpcuaSource,
    "mqtt": MqttSource,
}

ModelT = TypeVar("ModelT", bound=BaseModel)
SectionT = TypeVar("SectionT", list[Any], dict[Any, Any])


@dataclass(frozen=True, slots=True)
class SourceTag:
    """A point's tag that a source names in so many words, and where."""

    source: str
    tag: str
    unit: str | None
    place: Place


@dataclass(frozen=True, slots=True)
class SourceAsset:
    """An asset that a source names in so many words, and where."""

    source: str
    asset: str
    place: Place


@dataclass(frozen=True, slots=True)
class _Placed:
    """A source, and where it stands."""

    document: Document
    path: KeyPath
    source: Source

    @property
    def place(self) -> Place:
        """Where its name is given."""
        return self.at("name")

    def at(self, *path: str | int) -> Place:
        """The place of one of its values."""
        return self.document.place((*self.path, *path))


def load_sources(documents: Sequence[Document]) -> tuple[list[Source], list[Problem]]:
    """Every source of the documents, and every problem; profiles serve across documents.

    Documents without `sources:` or `profiles:` are passed over. A source with a problem of its own
    is left out of the list.
    """
    reader = _Reader(documents)
    return [each.source for each in reader.placed], reader.problems


def source_tags(documents: Sequence[Document]) -> list[SourceTag]:
    """Every tag that the sources name; topics and browse paths with names in their tag give none."""
    return [tag for each in _Reader(documents).placed for tag in _tags(each)]


def source_assets(documents: Sequence[Document]) -> list[SourceAsset]:
    """Every asset that devices, alarms and alarm topics of the sources name."""
    return [asset for each in _Reader(documents).placed for asset in _assets(each)]


class _Reader:
    """Reads the sources of some documents and gathers what is wrong with them."""

    def __init__(self, documents: Sequence[Document]) -> None:
        self.problems: list[Problem] = []
        self.placed: list[_Placed] = []
        self._profiles: dict[str, RegisterMap | None] = {}
        for document in documents:
            for name in self._section(document, "profiles", dict):
                self._add_profile(document, str(name))
        for document in documents:
            for index in range(len(self._section(document, "sources", list))):
                self._add_source(document, ("sources", index))
        self._refuse_repeated("source", ((each.source.name, each.place) for each in self.placed))
        tags = ((tag.tag, tag.place) for each in self.placed for tag in _tags(each))
        self._refuse_repeated("tag", tags)

    def _section(self, document: Document, key: str, kind: type[SectionT]) -> SectionT:
        section = document.data.get(key) if isinstance(document.data, dict) else None
        if isinstance(section, kind):
            return section
        if section is not None:
            shape = "a list" if kind is list else "names with their values"
            self.problems.append(document.problem((key,), f"{key} is not {shape}", "Make it so"))
        return kind()

    def _add_profile(self, document: Document, name: str) -> None:
        path = ("profiles", name)
        if name in self._profiles:
            self._say(document, path, f"profile {name} is given twice", "Rename one of the two")
        profile = self._parse(RegisterMap, document, path)
        if profile is not None and not profile.points:
            self._say(document, path, f"profile {name} has no points", "Give it `points:`")
        self._profiles[name] = profile

    def _add_source(self, document: Document, path: KeyPath) -> None:
        raw = _value(document, path)
        kind = raw.get("type") if isinstance(raw, dict) else None
        if not isinstance(kind, str) or kind not in _MODELS:
            place = (*path, "type")
            remedy = f"Write `type:` {', '.join(_MODELS)}"
            self._say(document, place, f"a source is of type {kind!r}, which is none", remedy)
            return
        source = self._parse(_MODELS[kind], document, path)
        if isinstance(source, ModbusSource):
            source = self._with_profiles(document, path, source)
        if source is not None:
            self.placed.append(_Placed(document, path, source))
        if isinstance(source, ModbusSource):
            self._refuse_broadcasts(self.placed[-1], source)

    def _refuse_broadcasts(self, placed: _Placed, source: ModbusSource) -> None:
        for index, device in enumerate(source.devices):
            writable = [
                role for role, point in device.points.items() if point.write_limits is not None
            ]
            if writable and means_every_device(source.link, device.unit):
                message = f"{device.asset}.{writable[0]} may be written, but unit 0 means every "
                remedy = "Give the device's own unit, or drop `writable`"
                place = placed.at("devices", index, "unit")
                self.problems.append(Problem(place, f"{message}device on the line", remedy))

    def _with_profiles(
        self, document: Document, path: KeyPath, source: ModbusSource
    ) -> ModbusSource | None:
        devices: list[ModbusDevice] = []
        for index, device in enumerate(source.devices):
            if device.profile is None:
                devices.append(device)
            elif device.profile not in self._profiles:
                place = (*path, "devices", index, "profile")
                known = ", ".join(sorted(self._profiles)) or "none yet"
                remedy = f"Add it under `profiles:`; there is {known}"
                self._say(document, place, f"there is no profile {device.profile}", remedy)
            elif (profile := self._profiles[device.profile]) is not None:
                devices.append(device.with_profile(profile))
        if len(devices) < len(source.devices):
            return None
        return source.model_copy(update={"devices": devices})

    def _parse(self, model: type[ModelT], document: Document, path: KeyPath) -> ModelT | None:
        try:
            return model.model_validate(_value(document, path))
        except ValidationError as error:
            self.problems += validation_problems(error, document, path, model=model)
            return None

    def _refuse_repeated(self, what: str, named: Iterable[tuple[str, Place]]) -> None:
        seen: dict[str, Place] = {}
        for name, place in named:
            if name in seen:
                message = f"{what} {name} is read twice, here and at {seen[name]}"
                self.problems.append(Problem(place, message, "Keep one of the two"))
            seen.setdefault(name, place)

    def _say(self, document: Document, path: KeyPath, message: str, remedy: str) -> None:
        self.problems.append(document.problem(path, message, remedy))


def _value(document: Document, path: KeyPath) -> Any:
    value = document.data
    for key in path:
        # The document knows every key as text; YAML may have read it as a number.
        if isinstance(value, dict) and key not in value:
            value = next(found for name, found in value.items() if str(name) == key)
        else:
            value = value[key]
    return value


def _tags(placed: _Placed) -> Iterator[SourceTag]:
    source = placed.source
    if isinstance(source, ModbusSource):
        for index, device in enumerate(source.devices):
            for role, point in device.points.items():
                place = placed.at("devices", index, "points", role)
                yield SourceTag(source.name, f"{device.asset}.{role}", point.unit, place)
    elif isinstance(source, OpcuaSource):
        for index, node in enumerate(source.nodes):
            if not is_template(node.tag):
                place = placed.at("nodes", index, "tag")
                yield SourceTag(source.name, node.tag, node.unit, place)
    else:
        for index, topic in enumerate(source.topics):
            if not isinstance(topic, AlarmTopic | StateTopic) and not template_names(topic.tag):
                place = placed.at("topics", index, "tag")
                yield SourceTag(source.name, topic.tag, None, place)
            if isinstance(topic, SparkplugTopic):
                yield from _metric_tags(placed, index, topic)


def _metric_tags(placed: _Placed, index: int, topic: SparkplugTopic) -> Iterator[SourceTag]:
    for metric, tag in topic.tags.items():
        if not template_names(tag):
            place = placed.at("topics", index, "tags", metric)
            yield SourceTag(placed.source.name, tag, None, place)


def _assets(placed: _Placed) -> Iterator[SourceAsset]:
    source = placed.source
    if isinstance(source, ModbusSource):
        for index, device in enumerate(source.devices):
            yield SourceAsset(source.name, device.asset, placed.at("devices", index, "asset"))
    elif isinstance(source, OpcuaSource):
        for index, alarms in enumerate(source.alarms):
            yield SourceAsset(source.name, alarms.asset, placed.at("alarms", index, "asset"))
    else:
        for index, topic in enumerate(source.topics):
            if isinstance(topic, AlarmTopic | StateTopic) and not template_names(topic.asset):
                yield SourceAsset(source.name, topic.asset, placed.at("topics", index, "asset"))
