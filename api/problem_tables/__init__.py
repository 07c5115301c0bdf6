"""Which problem tells each domain error: a table for each room, joined by `api.problems`."""
