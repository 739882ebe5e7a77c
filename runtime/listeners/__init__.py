"""Listeners: what a run tells of itself, in a terminal, in a pipe, as JSON lines, to TensorBoard."""
