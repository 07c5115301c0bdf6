"""The engines that come in a wheel and run beside us: PostgreSQL and the NATS server."""
