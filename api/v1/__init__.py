"""The HTTP API, version 1: one router for each kind of resource."""
