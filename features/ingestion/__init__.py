"""From a source's rows to the event store: reading, casting, validation, quarantine."""
