"""Estimates drawn."""
