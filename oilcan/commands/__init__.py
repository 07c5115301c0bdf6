"""The commands of `oilcan`, room by room: each imports what it needs when it is called."""
