"""The analyst's report: the rule against the model, on the same customers, date, horizon and outcome."""
