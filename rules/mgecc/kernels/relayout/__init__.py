"""Explicit changes of the stored layout, as model files hold them."""
