"""Sums to estimates."""
