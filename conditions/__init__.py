"""Rules and models over readings: one condition event per problem."""
