"""Retention: what is older than the settings say is removed; reading old files again does not bring it back."""
