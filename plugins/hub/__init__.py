"""Models in the layout of the Hugging Face hub: one file a family, the same table in both directions. No torch here."""
