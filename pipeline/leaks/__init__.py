"""What published files tell that they should not: a look at them as a stranger has it.

reading      a published folder → the estimates and the texts in it, file by file
figures      estimates that the build hides, that are not the build's, or rest on few
books        the same of a tables book, sheet by sheet
differences  hidden bases that are everyone's less that of all others
texts        respondents' own words, marks of who someone is, pseudonyms
look         all of them

That hidden answers cannot be worked out of what is shown is `stateof audit`'s part: it
looks at the build's estimates, and what is published is, number by number, of these.
"""
