"""The analyst's report: rule and model compared on the same customers, with the outcome."""
