"""The command `llx`: one file a command."""
