"""Figures of maintenance, each with its formula, what it was taken over, and the rows behind it."""
