"""How sets of answers that go together are written as terms of an estimate."""

MOST_SETS = 20  # of a question, in one wave
REST, NOTHING, JOIN = "+", "-", "+"  # codes: all other sets, none chosen, a and b
STATISTIC = "set"  # in published files: not the share of the answer with its code
