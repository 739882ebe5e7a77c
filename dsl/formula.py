"""Formulas: expressions over numbers that are known only later (what tasks put out, the fields of a row).

Their evaluation comes with `expect`, sweeps and row filters; until then the resolver says that they are not
available. The place is here so that nobody looks for it elsewhere: `evaluate(formula, values)`, with the values
of names given, over the operators of functions.py.
"""
