"""Floor 1: the language. Text becomes a checked program; no component is known by name here."""
