"""The torch modules behind the built-in components."""
