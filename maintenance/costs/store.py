"""SQL writes of costs; transactions are the service's."""
