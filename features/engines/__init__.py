"""The engines that compute the feature table: plain Python, Numba and Spark."""
