"""What the API holds between requests: the pool, what the roles say, who is listening."""
