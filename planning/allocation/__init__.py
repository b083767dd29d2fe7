"""Allocation: a multiple-choice knapsack over all options, within capacities, budgets and minimums."""
