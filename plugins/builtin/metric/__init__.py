"""Built-in components of kind metric."""
