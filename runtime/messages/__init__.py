"""The words of the runtime, one module a language."""
