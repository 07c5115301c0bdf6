"""What happens by itself when something happens: messages to people and programs, and commands."""
