"""Scores carried to those who ask: for a whole base at once, or over HTTP."""
