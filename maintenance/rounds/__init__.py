"""Inspection rounds: routes to walk, readings to take on the way, and what was missed."""
