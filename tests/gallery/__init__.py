"""Broken schedulers, one mistake each, that the test kit must catch by the right law."""

from tests.gallery import barriers, pausing, randomness, rungs

_MODULES = (rungs, barriers, pausing, randomness)

GALLERY: tuple[type, ...] = tuple(
    each
    for module in _MODULES
    for each in vars(module).values()
    if isinstance(each, type) and each.__module__ == module.__name__
)
"""All of them, in the order of their files; `docs/gallery.md` lists them."""
