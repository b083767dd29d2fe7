"""The event store: arrays of a log's events, sorted by customer and time."""
