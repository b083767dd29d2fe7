"""The effects of plans: decisions and their outcomes, the five measures, and the effects that the next plan expects."""
