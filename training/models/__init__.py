"""Models with the scikit-learn interface; serving imports nothing else of training, and none imports MLflow."""
