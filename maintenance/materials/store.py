"""SQL writes of parts, storerooms and the stock ledger; transactions are the service's."""
