"""Readings from Modbus devices: registers read in blocks, at a fixed rate."""
