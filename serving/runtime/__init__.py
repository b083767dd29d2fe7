"""How the service runs: server, settings, API keys, rate limits, metrics, log, and loading of published models."""
