"""Who does the work: people, teams and contract vendors, what they can do, when, and what they cost."""
