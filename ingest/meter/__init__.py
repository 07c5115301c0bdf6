"""Meters: counter points counted on over rollover, reset, replacement and correction."""
