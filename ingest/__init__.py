"""From the log to the time-series store, exactly once in effect; and the read side of history."""
