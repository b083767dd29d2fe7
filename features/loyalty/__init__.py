"""The rule-based loyalty score: the formula, scoring, and sensitivity to its weights."""
