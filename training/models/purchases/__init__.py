"""The model of purchase counts and churn."""
