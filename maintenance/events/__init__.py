"""What changes of conditions mean for work: one order for each problem."""
