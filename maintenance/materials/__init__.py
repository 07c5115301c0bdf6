"""Parts, storerooms, the stock ledger and what orders reserve of it."""
