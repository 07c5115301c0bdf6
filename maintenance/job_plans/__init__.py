"""Job plans: how work is done, in versions; the steps of orders and what was recorded at them."""
