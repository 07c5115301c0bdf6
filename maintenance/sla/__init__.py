"""Service levels: agreements on response and resolution, and the clocks of orders under them."""
