"""Metrics of forecasts, paired comparisons and plots."""
