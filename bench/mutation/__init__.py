"""The mutation bench: wrong programs made from right ones, and what `llx check` says of them.

Written from the language's contract alone, without a look at the checker: the tokens and the reading of structure here
are the bench's own, and so is the list of operators.
"""
