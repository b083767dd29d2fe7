"""The life of the service: what is published and taken over, who may ask how often, what is logged and counted."""
