"""The built-in components, registered like anybody's."""
