"""Where the pages are: what stands under "More", in groups."""

from typing import Final

PLACES_TO_GO: Final[tuple[tuple[str, tuple[tuple[str, str], ...]], ...]] = (
    (
        "Work",
        (
            ("/requests", "Requests"),
            ("/work-orders/new", "New work order"),
            ("/schedule", "Schedule"),
            ("/service-levels", "Service levels"),
            ("/plan-load", "Load of the year"),
            ("/job-plans", "Job plans"),
            ("/rounds", "Inspection rounds"),
            ("/report", "Report a fault"),
        ),
    ),
    (
        "Plant",
        (
            ("/register", "Assets"),
            ("/labels", "Labels"),
            ("/people", "People"),
            ("/calendars", "Calendars"),
            ("/knowledge", "Knowledge"),
            ("/codes", "Codes"),
        ),
    ),
    ("Stock", (("/stock", "Parts"), ("/procurement", "Procurement"), ("/costs", "Costs"))),
    (
        "Figures",
        (
            ("/figures", "Figures"),
            ("/alarm-performance", "Alarm performance"),
            ("/backtests", "Backtests"),
            ("/automation", "Automation"),
        ),
    ),
)
"""Title of a group and its pages: address and name."""
