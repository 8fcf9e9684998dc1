"""Where spaces come from, by the one word that a user types.

Owns where the packaged ones lie: ``packaged/NAME.toml``, each with a title, its source and the
space in the form of a table's card; and the order in which a word is understood.
"""

from __future__ import annotations

import tomllib
from pathlib import Path

from learning_curves.errors import InputError
from learning_curves.spaces import configspace_json, inline
from learning_curves.spaces import space as spaces
from learning_curves.spaces.space import Space

_SPACES = Path(__file__).parent / "packaged"


def names() -> list[str]:
    """Return the names of the packaged spaces, sorted."""
    return sorted(path.stem for path in _SPACES.glob("*.toml"))


def named(name: str) -> Space:
    """Return the packaged space of this name.

    Raises
    ------
    InputError
        There is none; the message names those there are.

    Examples
    --------
    The example of Dive into Deep Learning, sec. 19.1.1.2, Table 19.1.1:

    >>> list(named("d2l-mlp"))
    ['learning_rate', 'batch_size', 'momentum', 'activation', 'num_units', 'num_layers']

    """
    if name not in names():
        raise InputError(f"there is no packaged space {name!r}: choose from {', '.join(names())}")
    said = tomllib.loads((_SPACES / f"{name}.toml").read_text(encoding="utf-8"))
    return spaces.from_dict(said["space"])


def find(word: str | Path) -> Space:
    """Return the space that a word stands for.

    Parameters
    ----------
    word
        A packaged space's name, a space in one line (see `inline.parse`), or the path of a file
        in ConfigSpace's JSON.

    Raises
    ------
    InputError
        There is no such space, or it is malformed.

    Examples
    --------
    >>> list(find("lr=loguniform(1e-4,1),act=choice(relu,tanh)"))
    ['lr', 'act']

    """
    if word in names():
        return named(str(word))
    if isinstance(word, str) and inline.is_inline(word):
        return inline.parse(word)
    return configspace_json.read(Path(word))
