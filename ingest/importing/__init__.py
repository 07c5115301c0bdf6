"""Readings from files into the store: CSV and Parquet, long and wide, resumable, rejects kept."""
