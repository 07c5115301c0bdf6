"""Collectors: read devices, judge quality, append to the log, and only then acknowledge."""
