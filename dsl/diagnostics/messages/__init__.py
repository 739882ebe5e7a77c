"""The words of the diagnostics, one module a language."""
