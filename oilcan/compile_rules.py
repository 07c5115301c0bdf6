"""Compile the rule kernel ahead of its first use: `python -m oilcan.compile_rules`, part of set-up."""

from conditions.evaluation import Evaluation

if __name__ == "__main__":
    Evaluation.compile_kernel()
