"""Distributions that a random sweep draws from."""
