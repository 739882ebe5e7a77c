"""Texts of the report, by key."""

MESSAGES: dict[str, str] = {}
