"""The HTTP application: reads requests strictly, scores, and answers errors with problem documents."""
