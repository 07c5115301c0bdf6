"""The front door: command line, wiring, everything on one machine, the demo plant."""
