"""Every question by every dimension: a tables book, and a page to explore it."""
