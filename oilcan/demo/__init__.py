"""The demo plant: machines from plain physics, served by real protocol servers on loopback."""
