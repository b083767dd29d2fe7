"""The loyalty score: its formula, scoring, base indices, and sensitivity to the weights."""
