"""A plant's database in one file, and back from it."""
