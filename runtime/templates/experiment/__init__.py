"""An experiment with a book to train on."""
