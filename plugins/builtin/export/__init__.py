"""Built-in exports."""
