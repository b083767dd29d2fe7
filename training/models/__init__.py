"""Models, a file each, with scikit-learn's contract: the one door from training to serving. No MLflow."""
