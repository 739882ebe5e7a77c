"""Built-in feed-forward layers."""
