"""The torch modules behind the built-in components. (This file itself imports nothing.)"""

MOST_LOGITS = 2**26
"""As many logits over a vocabulary are held at once: 256 MiB in float32."""
