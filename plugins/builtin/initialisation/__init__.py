"""Built-in initialisations."""
