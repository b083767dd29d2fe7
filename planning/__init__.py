"""Visits and incentives: what to do for which customer, under limits, and what it changed.

- `catalogue/`: the catalogue of actions and its file, presets, conditions of eligibility, content, incentives by rule
- `customers/`: the customers' table of a store, with its history
- `options/`: each eligible customer with each action, from the planning table, the forecasts and the earlier plans
- `allocation/`: which options are chosen within the limits, and what another budget or rep would change
- `plan` makes a plan of a week by these, `holdout`, `schedule`, `reasons` and `minimum_detectable_lift`
- `plan_folder`, `manifest`: a plan on disk; `files/`: what it hands out, and the pages for managers
- `records`: what came back of a plan
- `causal_inference/`: effects against a control group drawn at random, or else by doubly robust estimators; power
- `uplift/`: effects on each customer
- `effects/`: what followed plans, and what the next plan expects of it
"""
