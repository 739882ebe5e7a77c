"""Training with several processes: who starts them, what they are handed, and what they agree on."""
