"""Trials of the bank and the locks: tables made up at random, and sentences spoilt."""
