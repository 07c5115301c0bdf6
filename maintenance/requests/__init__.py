"""Work requests: what people ask for its triage, and what they hear."""
