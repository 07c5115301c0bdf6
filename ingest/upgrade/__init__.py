"""Bring the readings of a database from one level to the next (docs/decisions/0011)."""
