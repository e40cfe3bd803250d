"""Facts, sentences that are true of them, and drafts that stay among those."""
