"""Requests to answers: read strictly, scored, and whatever is wrong told as a problem document."""
