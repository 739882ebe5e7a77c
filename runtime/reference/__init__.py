"""The reference in `docs/reference/`, written from the grammar, the units, and the components."""
