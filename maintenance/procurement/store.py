"""SQL writes of procurement; transactions are the service's."""
