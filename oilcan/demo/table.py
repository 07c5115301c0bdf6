"""The demo on a terminal: a table that is drawn anew each second, or lines where there is none."""

from collections.abc import Iterator

from rich import box
from rich.console import Console, Group
from rich.table import Table
from rich.text import Text

from oilcan.demo.snapshot import EventView, OrderView, Snapshot, SourceView

_SHOWN = 8
_LONG = frozenset({"message", "title"})
_COLOURS = {
    "connected": "green",
    "connecting": "yellow",
    "failed": "red",
    "low": "cyan",
    "medium": "yellow",
    "high": "red",
    "critical": "bold red",
}


def render(snapshot: Snapshot, heading: Text) -> Group:
    """The whole screen."""
    return Group(
        heading,
        _sources(snapshot.sources),
        _events(snapshot.events),
        _orders(snapshot.orders),
    )


def news(before: Snapshot, after: Snapshot) -> Iterator[str]:
    """A line for whatever is new since `before`, oldest first."""
    states = {source.name: source.state for source in before.sources}
    for source in after.sources:
        if source.state and source.state != states.get(source.name):
            detail = f" ({source.message})" if source.message else ""
            yield f"source {source.name} [{source.protocol}] {source.state}{detail}"
    known_events = {event.id: event.severity for event in before.events}
    for event in reversed(after.events):
        if known_events.get(event.id) != event.severity:
            yield f"event {event.asset} {event.rule} {event.severity}: {event.message}"
    known_orders = {order.number: order.state for order in before.orders}
    for order in reversed(after.orders):
        if known_orders.get(order.number) != order.state:
            yield f"order {_line(order)}"


def _line(order: OrderView) -> str:
    return f"{order.number} {order.asset} priority {order.priority} {order.state}: {order.title}"


def print_news(console: Console, before: Snapshot, after: Snapshot) -> None:
    """Print `news`, one plain line each."""
    for line in news(before, after):
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, expand=True)
    for column in columns:
        table.add_column(column, no_wrap=column not in _LONG)
    return table


def _coloured(word: str) -> Text:
    return Text(word, style=_COLOURS.get(word, ""))


def _sources(sources: tuple[SourceView, ...]) -> Table:
    table = _table("Sources", "source", "protocol", "asset", "state", "readings/s", "readings")
    for source in sources:
        table.add_row(
            source.name,
            source.protocol,
            source.asset,
            _coloured(source.state or "starting"),
            f"{source.rate:.1f}",
            f"{source.readings:,.0f}",
        )
    return table


def _events(events: tuple[EventView, ...]) -> Table:
    table = _table("Condition events", "raised", "asset", "severity", "state", "rule", "message")
    for event in events[:_SHOWN]:
        table.add_row(
            f"{event.raised_at.astimezone():%H:%M:%S}",
            event.asset,
            _coloured(event.severity),
            event.state,
            event.rule,
            event.message,
        )
    return table


def _orders(orders: tuple[OrderView, ...]) -> Table:
    table = _table("Work orders", "number", "asset", "priority", "state", "title")
    for order in orders[:_SHOWN]:
        table.add_row(order.number, order.asset, str(order.priority), order.state, order.title)
    return table
