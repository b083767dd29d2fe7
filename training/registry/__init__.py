"""Runs, versions and aliases, kept in MLflow."""
