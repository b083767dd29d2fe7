"""Runs, versions and aliases in MLflow, and access to the BentoML model store."""
