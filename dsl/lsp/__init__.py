"""The language server: what an editor asks about a file, answered from the checker itself."""
