"""Texts, by key."""

MESSAGES: dict[str, str] = {}
