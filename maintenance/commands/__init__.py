"""What people and machines do to work orders: one function, one transaction."""
