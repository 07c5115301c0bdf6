"""What the readings of a point were: raw, in buckets, for a chart, and the latest; columns, not rows."""
