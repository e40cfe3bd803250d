"""The documentation as a site that works from a disk: `make docs`.

pages      what the site has: docs/*.md, the notebooks, references from the code
reference  the command line, the keys of definitions, the calls of an analysis
markup     Markdown to HTML with anchors, links between pages, coloured code
site       all pages written, every link followed, everything searchable
"""
