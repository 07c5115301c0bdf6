"""What an order costs, and what assets, classes and sites cost in a period."""
