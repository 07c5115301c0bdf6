"""Who is asking and what they may do: people with a login, keys for programs, roles."""
