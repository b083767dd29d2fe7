"""Jobs: requests for scores that are answered later, kept in a folder that the workers share."""
