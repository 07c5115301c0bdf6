"""The plant as files: load and check a folder, and bring the database in line with it."""
