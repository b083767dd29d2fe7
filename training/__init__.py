"""Trains models, tries them on past data, tracks runs in MLflow and promotes the best."""
