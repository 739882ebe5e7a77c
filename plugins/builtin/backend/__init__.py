"""Built-in components of kind backend."""
