"""What every request passes through, outermost first: slow clients, request log, security headers, admission."""
