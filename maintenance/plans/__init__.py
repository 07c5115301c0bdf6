"""Preventive work: plans by time, by meter and by condition, and the orders that they make."""
