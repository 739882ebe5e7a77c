"""Built-in components of kind data."""
