"""Built-in evals."""
