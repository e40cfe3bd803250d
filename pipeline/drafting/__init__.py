"""A first draft of a definition from an export, and what of a definition fits."""
