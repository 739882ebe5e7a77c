"""Built-in components of kind encoding: made by objectives, never written in a file."""
