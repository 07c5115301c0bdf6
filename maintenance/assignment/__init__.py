"""Who is to do which work and when: rules, choices that explain themselves, the schedule."""
