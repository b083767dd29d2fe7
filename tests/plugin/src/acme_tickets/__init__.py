"""Service tickets for Regulars, as another package adds them."""
