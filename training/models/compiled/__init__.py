"""The customer model as plain numbers: forecasts without pandas, SciPy or scikit-learn."""
