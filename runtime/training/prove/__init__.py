"""What a training relies on, proved of the model and the objective that it trains: see `proofs`."""
