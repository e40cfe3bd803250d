"""The second lock: reads published text back against the estimates.

It shares nothing with the bank of patterns: neither its sentences nor its licences. It
knows the survey's words, the estimates, the tests, and a short list of function words;
whatever it cannot read, it refuses.

    vocabulary   what the survey calls its groups, answers, topics and waves
    words        the function words, with what each of them claims
    tokens       a sentence as a row of words that are known
    binding      which estimate each number is of
    table        estimates and tests, looked up and rounded by code of its own
    checks       what a sentence claims beyond its numbers; with it go
    orders, ranges, waves
    connectives  what "by contrast" claims of a sentence and the one before it
    reader       all of it: the troubles with a sentence
"""
