"""How the demo follows what happens."""

import io
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, cast

from rich.console import Console
from rich.text import Text

from oilcan.demo.show import Watch
from oilcan.demo.snapshot import EventView, OrderView, Snapshot, SourceView
from oilcan.demo.stage import Stage
from oilcan.demo.table import news, render

AT = datetime(2026, 5, 4, 6, 0, tzinfo=UTC)
SOURCE = SourceView("pump-house", "modbus", "P-101", "connected", readings=1234.0, rate=32.0)
EVENT = EventView(1, AT, "P-101", "centrifugal_pump/vibration_zone", "medium", "active", "shakes")
ORDER = OrderView("WO-000001", AT, "P-101", "Inspect the bearing", 2, "draft")
SNAPSHOT = Snapshot((SOURCE,), (EVENT,), (ORDER,), ready=True)


@dataclass
class ToldPlant:
    """Notes what the plant is told."""

    told: list[str] = field(default_factory=list)

    def develop(self) -> None:
        self.told.append("develop")

    def repair(self, asset: str) -> None:
        self.told.append(f"repair {asset}")


def watch(plant: ToldPlant) -> Watch:
    stage: Any = Stage(cast("Any", None), cast("Any", plant), cast("Any", None), cast("Any", None))
    return Watch(stage)


def test_faults_begin_once_everything_is_ready() -> None:
    plant = ToldPlant()
    following = watch(plant)
    for snapshot in (replace(SNAPSHOT, ready=False), SNAPSHOT, SNAPSHOT):
        following.act_on(snapshot)
    assert plant.told == ["develop"]


def test_a_completed_order_mends_its_machine_once() -> None:
    plant = ToldPlant()
    following = watch(plant)
    for state in ("draft", "in_progress", "completed", "completed", "closed"):
        orders = (replace(ORDER, state=state),)
        following.act_on(Snapshot(orders=orders))
    assert plant.told == ["repair P-101"]


def test_the_table_shows_sources_events_and_orders() -> None:
    console = Console(file=io.StringIO(), width=160)
    console.print(render(SNAPSHOT, Text("pages http://127.0.0.1:8080")))
    shown = cast("io.StringIO", console.file).getvalue()
    for word in ("8080", "pump-house", "32.0", "1,234", "shakes", "WO-000001", "Inspect"):
        assert word in shown


def test_an_event_that_grows_more_severe_is_news() -> None:
    worse = replace(SNAPSHOT, events=(replace(EVENT, severity="high"),))
    assert list(news(SNAPSHOT, worse)) == [
        "event P-101 centrifugal_pump/vibration_zone high: shakes"
    ]


def test_news_comes_in_the_order_it_happened() -> None:
    second = replace(ORDER, number="WO-000002")
    after = replace(SNAPSHOT, orders=(second, ORDER))
    lines = list(news(replace(SNAPSHOT, orders=()), after))
    assert [line.split()[1] for line in lines] == ["WO-000001", "WO-000002"]
