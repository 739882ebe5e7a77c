"""The words of the built-in components' diagnostics, one module a language."""
