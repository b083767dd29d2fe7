"""Batch scores in a table of PostgreSQL or SQLite: written by `regulars score`, looked up by the service."""
