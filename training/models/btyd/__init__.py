"""Buy-till-you-die models, one a file."""
