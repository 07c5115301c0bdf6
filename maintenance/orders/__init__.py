"""Work orders: what they are, how they are kept and read."""
