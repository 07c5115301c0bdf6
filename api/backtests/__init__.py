"""Backtests as people ask for them: what is asked, the run, what came of it, and where it is kept."""
