"""Tests of rules, written beside them: short streams in, events at stated times out."""
