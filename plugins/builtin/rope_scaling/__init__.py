"""Built-in scalings of rotary embeddings."""
