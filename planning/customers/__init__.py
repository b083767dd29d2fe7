"""The customers' table: reps, territories, opt-outs and the firm's own attributes."""
