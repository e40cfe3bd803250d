"""Read an export and recode it to the definition."""
