"""Requests by e-mail: a mailbox turned into requests and comments."""
