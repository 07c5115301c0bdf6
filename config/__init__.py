"""Under everything: settings, clock, database, log, migrations, documents with places, units."""
