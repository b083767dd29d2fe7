"""What a model that cannot be used raises."""


class ModelError(ValueError):
    """A model that cannot be loaded or used; the message says what was expected."""
