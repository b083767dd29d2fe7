"""Targets, windows, models, their trial, tracking and promotion."""
