"""The clients ask an application with the model of the service's tests."""

from tests.serving.conftest import example_store, model_state, served_model

__all__ = ["example_store", "model_state", "served_model"]
