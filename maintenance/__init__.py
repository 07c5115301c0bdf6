"""The asset register and the whole life of work against it."""
