"""Visits and incentives: what to do for which customer, under limits, and what it changed.

- the catalogue of actions and its file: `actions`, `catalogue_file`, `presets/`; who is eligible: `conditions`; what to
  talk about: `content`
- which options are chosen: `allocate`, with `problem`, `exact`, `dual_prices`, `repair` and `exchange`
- who is left alone at random: `holdout`; on which day: `schedule`; incentives by rule: `incentive_rules`
- what actions changed: at random, `effects`, `regression_adjustment` and `compliance`; else `doubly_robust` and
  `nuisance`; together, `pooling`; what can be shown: `power`; on whom: `uplift`, `uplift_evaluation`, `policy_value`
- what can be done for whom and what it brings: `planning_table`, `forecasts`, `history`, `options`, `limits`
- what a plan is on disk and says of itself: `plan_folder`, `manifest`, `summary`, `reasons`; what it hands out: `files`
- what followed plans: `decisions`, `lifetime`, `outcomes`, `observational`, `effects_of_plans`; what the next plan
  expects of it: `priors`
"""
