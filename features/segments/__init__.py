"""RFM segments: classes of recency, frequency and money by boundaries learnt once, and names of their combinations."""
