"""Estimators of causal effects on arrays: randomised, with non-compliance, and observational; pooling and power."""
