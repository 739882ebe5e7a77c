"""From a module to a program: names by type, values from the inside out. One file a sort of expression."""
