"""The messages of Sparkplug B (Sparkplug 3.0, section 6.4.1) as classes, made from their descriptor.

They live in a pool of their own, so another library's copy of the same messages does no harm.
"""

from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    FieldDescriptorProto,
    FileDescriptorProto,
)
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

_PACKAGE = "org.eclipse.tahu.protobuf"
_REPEATED = "repeated "
_SCALARS = {
    "bool": FieldDescriptorProto.TYPE_BOOL,
    "bytes": FieldDescriptorProto.TYPE_BYTES,
    "double": FieldDescriptorProto.TYPE_DOUBLE,
    "float": FieldDescriptorProto.TYPE_FLOAT,
    "string": FieldDescriptorProto.TYPE_STRING,
    "uint32": FieldDescriptorProto.TYPE_UINT32,
    "uint64": FieldDescriptorProto.TYPE_UINT64,
}

Fields = dict[str, tuple[int, str]]
"""Name of each field: its number and type, a scalar or the path of a message."""

_NUMBERS_AND_TEXT = ("uint32", "uint64", "float", "double", "bool", "string")
_VALUE_NAMES = ("int", "long", "float", "double", "boolean", "string")


def _values(first: int, *more: tuple[str, str]) -> Fields:
    """The members of a `value`: the six that every one has, then others, numbered from `first`."""
    members = (*zip(_VALUE_NAMES, _NUMBERS_AND_TEXT, strict=True), *more)
    return {f"{name}_value": (first + i, kind) for i, (name, kind) in enumerate(members)}


_MESSAGES: dict[str, tuple[Fields, Fields]] = {
    "Payload": (
        {
            "timestamp": (1, "uint64"),
            "metrics": (2, "repeated Payload.Metric"),
            "seq": (3, "uint64"),
            "uuid": (4, "string"),
            "body": (5, "bytes"),
        },
        {},
    ),
    "Payload.Metric": (
        {
            "name": (1, "string"),
            "alias": (2, "uint64"),
            "timestamp": (3, "uint64"),
            "datatype": (4, "uint32"),
            "is_historical": (5, "bool"),
            "is_transient": (6, "bool"),
            "is_null": (7, "bool"),
            "metadata": (8, "Payload.MetaData"),
            "properties": (9, "Payload.PropertySet"),
        },
        _values(
            10,
            ("bytes", "bytes"),
            ("dataset", "Payload.DataSet"),
            ("template", "Payload.Template"),
        ),
    ),
    "Payload.MetaData": (
        {
            "is_multi_part": (1, "bool"),
            "content_type": (2, "string"),
            "size": (3, "uint64"),
            "seq": (4, "uint64"),
            "file_name": (5, "string"),
            "file_type": (6, "string"),
            "md5": (7, "string"),
            "description": (8, "string"),
        },
        {},
    ),
    "Payload.PropertySet": (
        {"keys": (1, "repeated string"), "values": (2, "repeated Payload.PropertyValue")},
        {},
    ),
    "Payload.PropertyValue": (
        {"type": (1, "uint32"), "is_null": (2, "bool")},
        _values(
            3,
            ("propertyset", "Payload.PropertySet"),
            ("propertysets", "Payload.PropertySetList"),
        ),
    ),
    "Payload.PropertySetList": ({"propertyset": (1, "repeated Payload.PropertySet")}, {}),
    "Payload.DataSet": (
        {
            "num_of_columns": (1, "uint64"),
            "columns": (2, "repeated string"),
            "types": (3, "repeated uint32"),
            "rows": (4, "repeated Payload.DataSet.Row"),
        },
        {},
    ),
    "Payload.DataSet.Row": ({"elements": (1, "repeated Payload.DataSet.DataSetValue")}, {}),
    "Payload.DataSet.DataSetValue": ({}, _values(1)),
    "Payload.Template": (
        {
            "version": (1, "string"),
            "metrics": (2, "repeated Payload.Metric"),
            "parameters": (3, "repeated Payload.Template.Parameter"),
            "template_ref": (4, "string"),
            "is_definition": (5, "bool"),
        },
        {},
    ),
    "Payload.Template.Parameter": ({"name": (1, "string"), "type": (2, "uint32")}, _values(3)),
}
"""Each message by its path: its fields, and the members of its `value`, of which one is given."""


def _file() -> FileDescriptorProto:
    file = FileDescriptorProto(name="sparkplug_b.proto", package=_PACKAGE, syntax="proto2")
    made: dict[str, DescriptorProto] = {}
    for path, (fields, values) in _MESSAGES.items():
        parent, _, name = path.rpartition(".")
        siblings = made[parent].nested_type if parent else file.message_type
        made[path] = message = siblings.add(name=name)
        for field, (number, kind) in fields.items():
            message.field.append(_field(field, number, kind))
        if values:
            message.oneof_decl.add(name="value")
        for field, (number, kind) in values.items():
            member = _field(field, number, kind)
            member.oneof_index = 0
            message.field.append(member)
    return file


def _field(name: str, number: int, kind: str) -> FieldDescriptorProto:
    repeated = kind.startswith(_REPEATED)
    bare = kind.removeprefix(_REPEATED)
    label = FieldDescriptorProto.LABEL_REPEATED if repeated else FieldDescriptorProto.LABEL_OPTIONAL
    field = FieldDescriptorProto(name=name, number=number, label=label)
    if bare in _SCALARS:
        field.type = _SCALARS[bare]
    else:
        field.type = FieldDescriptorProto.TYPE_MESSAGE
        field.type_name = f".{_PACKAGE}.{bare}"
    return field


def payload_class() -> type[Message]:
    """The class of the outermost message, `Payload`."""
    pool = DescriptorPool()
    pool.Add(_file())
    return GetMessageClass(pool.FindMessageTypeByName(f"{_PACKAGE}.Payload"))
