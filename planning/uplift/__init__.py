"""Uplift: the effect of an action on each customer, its evaluation, and the value of policies."""
