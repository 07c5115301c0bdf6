"""When an asset could not do its work: intervals that never overlap, the last one perhaps open."""
