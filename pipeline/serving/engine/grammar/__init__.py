"""What an answer may look like: GBNF checked, and made from a JSON schema.

gbnf      a grammar checked before llama.cpp gets it
schema    a JSON schema → a grammar of values that fit it
merging   what several schemas say together   pointing  where a $ref points
numbers   … of numbers in a range        pattern   … of texts that match
"""
