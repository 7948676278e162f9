"""A package beside the program: modules in /work can be imported."""

from .store import Store

__all__ = ["Store"]
