"""Which point a metric is: a template over the names of group, node, device and metric. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from edge.errors import PayloadError
from edge.source import check_tag
from edge.sparkplug.topic import NodeId

NAMES = ("group", "node", "device", "metric")
DEFAULT_TEMPLATE = "{device}.{metric}"
_NAME = re.compile(r"\{([^{}]*)\}")
_NOT_IN_POINT = re.compile(r"[\s/{}#+>*]")
_NOT_IN_ASSET = re.compile(r"[\s./{}#+>*]")


def check_template(template: str) -> str:
    """`template`, if it makes tags; else raises `ValueError` with problem and remedy."""
    remedy = f"Use {', '.join(f'{{{name}}}' for name in NAMES)}, such as {DEFAULT_TEMPLATE}"
    unknown = [name for name in _NAME.findall(template) if name not in NAMES]
    if unknown or set(_NAME.sub("", template)) & set("{}"):
        raise ValueError(f"{template!r} has a name in braces that metrics do not give | {remedy}")
    check_tag(_NAME.sub("x", template))
    return template


@dataclass(frozen=True, slots=True)
class TagRule:
    """How tags are made: `tags` gives some metrics, by name, a template of their own."""

    template: str = DEFAULT_TEMPLATE
    tags: Mapping[str, str] = field(default_factory=dict)

    def tag(self, node: NodeId, device: str, metric: str) -> str:
        """The metric's tag; `device` is empty for the node's own. Raises `PayloadError`.

        What a tag cannot hold becomes `_`, above all the `/` by which metrics are put in folders.
        """
        names = {
            "group": _NOT_IN_ASSET.sub("_", node.group),
            "node": _NOT_IN_ASSET.sub("_", node.node),
            "device": _NOT_IN_ASSET.sub("_", device or node.node),
            "metric": _NOT_IN_POINT.sub("_", metric),
        }
        template = self.tags.get(metric, self.template)
        try:
            return check_tag(_NAME.sub(lambda match: names[match[1]], template))
        except ValueError as error:
            raise PayloadError(str(error).partition(" | ")[0]) from error
