"""SQL writes of reservations; transactions are the service's."""
