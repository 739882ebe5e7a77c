"""Built-in components of kind objective."""
