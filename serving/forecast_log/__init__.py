"""The forecast log: what was forecast, when and by which version, under pseudonyms, to be joined to outcomes later."""
