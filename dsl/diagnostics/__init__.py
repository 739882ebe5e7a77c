"""Diagnostics: one model, one file a renderer, one catalogue of words a language."""
