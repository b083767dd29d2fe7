"""Encryption at rest: Parquet files under a key of one's own, and a look at the volume that other files lie on."""
