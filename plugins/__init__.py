"""Floor 2: what components are, and the built-in ones."""
