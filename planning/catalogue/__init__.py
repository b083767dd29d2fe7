"""The catalogue of actions: visits and incentives, who is eligible, what to talk about, and incentives by rule."""
