"""What came of a backtest, on a terminal."""

from rich.console import Console
from rich.table import Table

from api.backtests.result import (
    BacktestResult,
    DifferenceShown,
    EventShown,
    OrderShown,
    ScoreShown,
    VariantShown,
)

_SHOWN = 20


def print_result(result: BacktestResult, console: Console) -> None:
    """Print the result: a sweep as its curve, a diff as its differences, else all in short."""
    console.print(
        f"{result.start:%Y-%m-%d %H:%M} to {result.end:%Y-%m-%d %H:%M} UTC: "
        f"{_counted(len(result.assets), 'asset')}, {_counted(result.points, 'point')}, "
        f"{_counted(result.readings, 'reading')}"
    )
    console.print(
        f"read in {result.reading_s:.2f} s, ordered in {result.ordering_s:.2f} s, "
        f"evaluated in {result.evaluating_s:.2f} s",
        style="dim",
    )
    for rule, reason in result.left_out.items():
        console.print(f"{rule} {reason}", style="yellow")
    if result.variants and result.variants[0].value is not None:
        console.print(_curve(result))
        return
    for variant in result.variants:
        _print_variant(variant, console, lists=result.difference is None)
    if result.difference is not None:
        _print_difference(result.difference, console)


def _print_variant(variant: VariantShown, console: Console, *, lists: bool) -> None:
    if variant.label:
        console.print(f"\n{variant.label}", style="bold")
    console.print(_rules(variant))
    for what, score in (("events", variant.by_event), ("orders", variant.by_order)):
        if score is not None:
            console.print(f"{what}: {_told(score)}")
    if lists:
        console.print(_orders(variant.orders))
        console.print(_failures(variant))


def _told(score: ScoreShown) -> str:
    """A score in words, each ratio with its population."""
    decided = score.true + score.false
    aside = [
        f"{count} {what}"
        for what, count in (
            ("late", score.late),
            ("aftermath", score.aftermath),
            ("undecided", score.undecided),
        )
        if count
    ]
    return (
        f"precision {_share(score.precision)} ({score.true} of {decided} decided"
        + (f"; {', '.join(aside)}" if aside else "")
        + f"), recall {_share(score.recall)} ({score.caught} of {score.failures} failures"
        + (f"; {score.left_out} left out" if score.left_out else "")
        + f"), lead {_hours(score.lead_hours)}, first sign {_hours(score.sign_hours)}"
    )


def _rules(variant: VariantShown) -> Table:
    table = Table("rule", "events", "assets", "hours in alarm", "chatter", "orders", box=None)
    for column in table.columns[1:]:
        column.justify = "right"
    for one in variant.rules:
        figures = one.figures
        table.add_row(
            one.rule,
            str(figures.events),
            str(figures.assets),
            f"{figures.alarm_hours:,.1f}",
            str(figures.chatter),
            str(one.orders),
        )
    return table


def _orders(orders: list[OrderShown]) -> Table:
    table = Table("would-be order", "asset", "P", "joined", "held back", "why", box=None)
    for order in orders[:_SHOWN]:
        table.add_row(
            f"{order.raised_at:%Y-%m-%d %H:%M}",
            order.asset,
            str(order.priority),
            str(order.joined),
            str(order.held_back),
            order.reason,
        )
    if len(orders) > _SHOWN:
        table.add_row(f"and {len(orders) - _SHOWN:,} more")
    return table


def _failures(variant: VariantShown) -> Table:
    table = Table("failure", "asset", "mode", "caught", "lead", "first sign", box=None)
    for failure in variant.failures[:_SHOWN]:
        caught = "yes" if failure.caught else "no"
        table.add_row(
            f"{failure.at:%Y-%m-%d %H:%M}",
            failure.asset,
            failure.failure_mode or "any",
            caught if failure.scored else "left out",
            _hours(failure.lead_hours),
            _hours(failure.sign_hours),
        )
    if len(variant.failures) > _SHOWN:
        table.add_row(f"and {len(variant.failures) - _SHOWN:,} more")
    return table


def _print_difference(found: DifferenceShown, console: Console) -> None:
    console.print(
        f"\n{_counted(found.same, 'event')} the same, {len(found.shifted)} shifted, "
        f"{len(found.only_before)} only before, {len(found.only_after)} only after"
    )
    table = Table("", "raised", "asset", "rule", "what", box=None)
    for sign, events in (("-", found.only_before), ("+", found.only_after)):
        for event in events[:_SHOWN]:
            table.add_row(sign, *_event(event), event.message)
    for pair in found.shifted[:_SHOWN]:
        table.add_row("~", *_event(pair.before), f"raised {_later(pair.raised_later_hours)}")
    for sign, orders in (("-", found.orders_only_before), ("+", found.orders_only_after)):
        for order in orders[:_SHOWN]:
            when = f"{order.raised_at:%Y-%m-%d %H:%M}"
            table.add_row(sign, when, order.asset, order.rule, f"order P{order.priority}")
    console.print(table)


def _event(event: EventShown) -> tuple[str, str, str]:
    return f"{event.raised_at:%Y-%m-%d %H:%M}", event.asset, event.rule


def _later(hours: float) -> str:
    if hours == 0:
        return "at the same time, cleared at another"
    return f"{_hours(abs(hours))} {'later' if hours > 0 else 'earlier'}"


def _curve(result: BacktestResult) -> Table:
    """The trade-off: a line for each value of the parameter."""
    name = result.variants[0].label.partition("=")[0]
    table = Table(
        *(name, "events", "orders", "orders/month", "hours in alarm", "caught", "precision"),
        *("recall", "lead"),
        box=None,
    )
    for column in table.columns:
        column.justify = "right"
    for one in result.variants:
        score = one.by_order or one.by_event
        table.add_row(
            f"{one.value:g}",
            str(one.figures.events),
            str(one.orders_made),
            f"{one.orders_per_month:.2f}",
            f"{one.figures.alarm_hours:,.1f}",
            f"{score.caught}/{score.failures}",
            _share(score.precision),
            _share(score.recall),
            _hours(score.lead_hours),
        )
    return table


def _share(ratio: float | None) -> str:
    return "-" if ratio is None else f"{100 * ratio:.0f} %"


def _hours(hours: float | None) -> str:
    if hours is None:
        return "-"
    return f"{hours / 24:.1f} d" if hours >= 48 else f"{hours:.1f} h"


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what}" + ("" if number == 1 else "s")
