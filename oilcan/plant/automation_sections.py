"""Channels and automations of plant files: how they reach the database, and what may be wrong."""

from collections.abc import Iterator, Sequence
from typing import Any

from config.documents import Problem
from config.suggestion import did_you_mean
from maintenance.automation.file import FACTS, AutomationShape, ChannelShape
from maintenance.automation.service import apply_automations, apply_channels
from oilcan.plant.entries import Declared, Placed
from oilcan.plant.section import Known, Section, by_definition


def _problems(automations: Sequence[Placed[Any]], _: Declared, known: Known) -> Iterator[Problem]:
    for placed in automations:
        shape: AutomationShape = placed.shape
        yield from _unknown_channels(placed, shape, known)
        if shape.when.startswith("work_order."):
            yield from _unknown_facts(placed, shape)


def _unknown_channels(
    placed: Placed[Any], shape: AutomationShape, known: Known
) -> Iterator[Problem]:
    for index, action in enumerate(shape.then):
        for code in action.notify.channels if action.notify else ():
            if code not in known["channels"]:
                message = f"there is no channel {code!r}"
                remedy = did_you_mean(code, known["channels"], otherwise="Add it under `channels:`")
                yield placed.problem(("then", index, "notify", "channels"), message, remedy)


def _unknown_facts(placed: Placed[Any], shape: AutomationShape) -> Iterator[Problem]:
    for key, checks in (("if", shape.if_), ("unless", shape.unless)):
        for name in checks:
            if name not in FACTS:
                message = f"an order has no fact {name!r}"
                yield placed.problem((key, name), message, did_you_mean(name, FACTS))


CHANNELS = Section("channels", ChannelShape, "channel", "code", by_definition(apply_channels))
AUTOMATIONS = Section(
    "automations",
    AutomationShape,
    "automation",
    "code",
    by_definition(apply_automations),
    _problems,
)
