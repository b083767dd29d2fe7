"""Events in, one row a customer out; and the formula that scores it."""
