"""When work is done: calendars of shifts, holidays and exceptions, in versions that never change."""
