"""The model of spend per purchase occasion."""
