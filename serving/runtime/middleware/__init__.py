"""What every request passes through: first the request log, then admission."""
