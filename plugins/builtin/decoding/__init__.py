"""Built-in components of kind decoding."""

from .sample import Sample

DEFAULT = Sample()
"""How text is drawn where nothing says how."""
