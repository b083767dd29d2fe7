"""Turns an event log into one row of features per customer, and computes the loyalty score."""
