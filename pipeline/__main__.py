"""`python -m pipeline`, the same as `stateof`."""

from pipeline.cli import main

main()
