"""Floor 3: runs a checked program."""
