"""A space in one line of text, as a command line has it.

Owns the form ``lr=loguniform(1e-4,1),act=choice(relu,tanh)`` and how it is parsed; the text is
never evaluated. Must not know which distributions there are (`space`).
"""

from __future__ import annotations

import math
import re
from typing import Any

from learning_curves.errors import InputError
from learning_curves.spaces import space as spaces
from learning_curves.spaces.space import Space

EXAMPLE = "lr=loguniform(1e-4,1),act=choice(relu,tanh)"
"""A space in this form."""

_FILES = (".json", ".csv", ".parquet", ".toml")
_CALL = re.compile(r"(\w+)\s*\((.*)\)", re.DOTALL)
_PIECE = re.compile(r"'[^']*'|\"[^\"]*\"|.", re.DOTALL)


def is_inline(word: str) -> bool:
    """Return whether `word` is a space in one line, rather than the name of a file.

    >>> is_inline("lr=uniform(0,1)"), is_inline("lr=0/space.json"), is_inline("d2l-mlp")
    (True, False, False)
    """
    return "=" in word and not word.endswith(_FILES)


def parse(text: str) -> Space:
    """Return the space that a line of text describes.

    Parameters
    ----------
    text
        ``NAME=DOMAIN``, separated by commas. A domain is a distribution of `scipy.stats` or of
        `distributions` with its arguments, such as ``uniform(0,scale=0.5)``; or
        ``choice(A,B,..)``, with ``weights=1:3:..`` where some are likelier; or a constant. A
        value is a number, ``True``, ``False`` or a string; a string with a comma or a parenthesis
        stands in quotes.

    Raises
    ------
    InputError
        The text has another form, names a hyperparameter twice, or a domain is malformed (see
        `space.from_dict`); the message is one line that names the domain.

    Examples
    --------
    >>> space = parse("lr=loguniform(1e-4,1),units=randint(16,257),act=choice(relu,tanh),layers=2")
    >>> space["lr"].args, space["units"].args, space["act"], space["layers"]
    ((0.0001, 1), (16, 257), ['relu', 'tanh'], 2)
    >>> parse("opt=choice(sgd,adam,weights=1:3)")["opt"].shares
    (0.25, 0.75)

    """
    plain: dict[str, dict[str, Any]] = {}
    for item in _split(text, text):
        name, equals, domain = (part.strip() for part in item.partition("="))
        if not (name.isprintable() and name and equals and domain):
            raise InputError(f"the space has {item!r}: write NAME=DOMAIN, such as {EXAMPLE}")
        if name in plain:
            raise InputError(f"the space has {name!r} twice: leave one out")
        plain[name] = _domain(item, domain)
    try:
        return spaces.from_dict(plain)
    except InputError as error:
        raise InputError(f"the space {text!r}: {error}") from None
    except (TypeError, ValueError, OverflowError):  # of numpy, on numbers beyond its own
        raise InputError(
            f"the space {text!r} has a number that is too large: write a smaller one"
        ) from None


def _domain(item: str, text: str) -> dict[str, Any]:
    """Return a domain in the form of `space.to_dict`."""
    if not (call := _CALL.fullmatch(text)):
        return {"constant": _value(item, text)}
    kind, inner = call.groups()
    values, named = [], {}
    for argument in _split(inner, item) if inner.strip() else ():
        name, equals, value = (part.strip() for part in argument.partition("="))
        if equals and name.isidentifier():
            named[name] = value
        else:
            values.append(_value(item, argument))
    if kind == "choice":
        weights = named.pop("weights", None)
        if named:
            raise InputError(
                f"the space has {item!r}: a choice takes the argument weights=.., not {min(named)}"
            )
        if weights is None:
            return {"choices": values}
        return {"choices": values, "weights": [_number(item, w) for w in weights.split(":")]}
    if named.keys() & {"distribution", "args"}:
        raise InputError(
            f"the space has {item!r}, whose arguments {kind} does not take: use "
            "the arguments of scipy.stats"
        )
    return {
        "distribution": kind,
        "args": [_number(item, value) for value in values],
        **{name: _number(item, value) for name, value in named.items()},
    }


def _split(text: str, item: str) -> list[str]:
    """Return the parts of `text` between the commas outside parentheses and quotes."""
    parts, depth = [""], 0
    for piece in _PIECE.findall(text):
        depth += {"(": 1, ")": -1}.get(piece, 0)
        if piece in ("'", '"') or depth < 0:
            break
        if piece == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += piece
    else:
        if depth == 0:
            return [part.strip() for part in parts]
    raise InputError(
        f"the space has {item!r}, in which a quote or a parenthesis is not closed: close it"
    )


def _value(item: str, text: str) -> Any:
    text = text.strip()
    if len(text) > 1 and text[0] in "'\"" and text[-1] == text[0]:
        return text[1:-1]
    if not text or any(each in text for each in "()'\"") or not text.isprintable():
        raise InputError(
            f"the space has {item!r}: {text!r} is not a value: write a number or a word, in "
            "quotes if it has other characters"
        )
    if text in ("True", "False"):
        return text == "True"
    if "_" in text:  # 1_000 is a number to Python alone
        return text
    try:
        number = int(text) if text.lstrip("+-").isdecimal() else float(text)
    except ValueError:
        return text
    return number if math.isfinite(number) else text


def _number(item: str, value: Any) -> int | float:
    found = _value(item, value) if isinstance(value, str) else value
    if isinstance(found, bool) or not isinstance(found, int | float):
        raise InputError(f"the space has {item!r}: {found!r} is not a finite number: write one")
    return found
