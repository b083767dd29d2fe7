"""Scoring: batch jobs for all customers, and the HTTP service."""
