"""Backtests: rules replayed over history, and how what they find fits the failures that happened."""
