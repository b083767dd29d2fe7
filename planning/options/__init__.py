"""The options of a plan: each eligible customer with each action, its expected value and its cost."""
