"""Objects of the user's own, by the name ``module:Class``.

Owns how such a name is found, how the object is made from its signature, and the digest of its
file. Must not know what the object is for: a task, a scheduler, a searcher or a source of curves.
Imports nothing heavy, since it decides on a name before anything else is loaded.
"""

from __future__ import annotations

import importlib
import inspect
import re
import sys
import tomllib
import types
import typing
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from difflib import get_close_matches
from hashlib import sha256
from pathlib import Path
from typing import Any

from learning_curves.errors import InputError, one_line

_NAME = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*")
_NAMED = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)


def is_own(name: str) -> bool:
    """Return whether `name` has the form ``package.module:Class``.

    >>> is_own("mine:Mine"), is_own("asha"), is_own("a/b.py:Mine")
    (True, False, False)
    """
    return _NAME.fullmatch(name) is not None


def option(text: str) -> tuple[str, Any]:
    """Return the name and the value of an option typed as ``name=value``.

    The value is read as in TOML; a text that is no TOML value stays a text.

    Raises
    ------
    InputError
        The text has no name or no value.

    Examples
    --------
    >>> option("patience=3"), option("growth=0.5"), option("mode=fast"), option("mode='3'")
    (('patience', 3), ('growth', 0.5), ('mode', 'fast'), ('mode', '3'))

    """
    name, equals, value = text.partition("=")
    if not (name.isidentifier() and equals and value):
        raise InputError(f"{text!r} is no option: write NAME=VALUE")
    return name, _value(value)


def options(texts: Iterable[str]) -> dict[str, Any]:
    """Return the options typed as ``name=value``, by name.

    Raises
    ------
    InputError
        A text is no option, or a name is given twice.

    """
    found: dict[str, Any] = {}
    for name, value in map(option, texts):
        if name in found:
            raise InputError(f"the option {name} is given twice: leave one out")
        found[name] = value
    return found


def _value(text: str) -> Any:
    try:
        found = tomllib.loads(f"value = {text}")
    except (ValueError, RecursionError):
        return text
    value = found.get("value")
    plain = len(found) == 1 and isinstance(value, bool | int | float | str | list)
    return value if plain else text


def load(name: str, what: str) -> Callable[..., Any]:
    """Return the class or function that `name` names.

    The module is looked for in the current folder first, as by ``python -m``; also in a process
    that was spawned there.

    Parameters
    ----------
    name
        Such as ``"package.module:Class"``.
    what
        What it is to be, for the messages: ``"scheduler"``.

    Raises
    ------
    InputError
        The name has another form, there is no such module or attribute, the import raises, or the
        attribute cannot be called.

    """
    module_name, _, attribute = name.partition(":")
    if not is_own(name):
        raise InputError(
            f"the {what} is {name!r}: write package.module:Class, "
            "the module without slashes and .py"
        )
    module = _module(name, module_name, what)
    try:
        made = getattr(module, attribute)
    except AttributeError:
        near = get_close_matches(attribute, vars(module), n=1)
        choice = f"did you mean {near[0]}?" if near else "name a class or a function of it"
        raise InputError(
            f"the {what} is {name!r}, but {getattr(module, '__file__', None) or module_name} has "
            f"no {attribute!r}: {choice}"
        ) from None
    if not callable(made):
        raise InputError(
            f"the {what} is {name!r}, but {attribute!r} is {short(made)}: "
            f"name a class, or a function that returns the {what}"
        )
    found: Callable[..., Any] = made
    return found


def _module(name: str, module_name: str, what: str) -> types.ModuleType:
    here = str(Path.cwd())
    if not {"", here} & set(sys.path):
        sys.path.insert(0, here)
    importlib.invalidate_caches()  # the file may be younger than the last look at its folder
    try:
        return importlib.import_module(module_name)
    except InputError:
        raise  # it is one clear line already
    except (Exception, SystemExit) as error:  # whatever a user's code may raise
        if isinstance(error, ModuleNotFoundError) and _leads_to(error.name, module_name):
            raise InputError(
                f"the {what} is {name!r}, but there is no module {error.name!r} in {here} or "
                "elsewhere on Python's path: start from the folder that holds it"
            ) from None
        raise InputError(
            f"the {what} is {name!r}, but importing {module_name} raised {one_line(error)}: fix "
            f'it; python -c "import {module_name}" shows where'
        ) from error


def _leads_to(missing: str | None, module_name: str) -> bool:
    """Return whether `missing` is the module or a package around it, not one that it imports."""
    return f"{module_name}.".startswith(f"{missing}.")


def make(
    name: str,
    what: str,
    offered: Mapping[str, Any],
    given: Mapping[str, Any] | None = None,
    *,
    flag: str | None = None,
) -> Any:
    """Return what the class or function `name` makes, called by the names of its parameters.

    Parameters
    ----------
    name, what
        See `load`.
    offered
        Values by parameter name; each is passed if the signature has the parameter.
    given
        The user's options by parameter name; each must be passed. A float parameter takes a whole
        number, too, and a tuple parameter a list.
    flag
        How the user gives an option, for the messages: ``"--scheduler-option"``; None if there are
        no options.

    Raises
    ------
    InputError
        See `load`; or an option is unknown, missing or of the wrong type, or the call raises.

    """
    called = load(name, what)
    attribute = name.partition(":")[2]
    said = f"the {what} is {name!r}, but"
    known = parameters(called)
    values = _checked(said, attribute, known, offered, given or {}, flag)
    try:
        if not known:
            return called()
        before = [
            values.pop(each.name)
            for each in known.values()
            if each.kind is each.POSITIONAL_ONLY and each.name in values
        ]
        return called(*before, **values)
    except InputError:
        raise  # it is one clear line already
    except (Exception, SystemExit) as error:  # whatever a user's code may raise
        where = place(error, _files_of(called)) or f"python -c 'import {name.partition(':')[0]}'"
        raise InputError(
            f"{said} {attribute}() raised {one_line(error)}: fix it; see {where}"
        ) from error


def parameters(called: Callable[..., Any]) -> dict[str, inspect.Parameter]:
    """Return the parameters of a class or function by name; none if it does not report them."""
    try:
        known = inspect.signature(called)
    except (TypeError, ValueError):
        return {}
    with suppress(Exception):  # an annotation may name what is imported for typing alone
        known = inspect.signature(called, eval_str=True)
    return dict(known.parameters)


def open_options(name: str, what: str, offered: Collection[str]) -> list[str] | None:
    """Return the names of the options that an object takes; None if it takes any.

    `offered` are the parameters that are passed in any case.
    """
    known = parameters(load(name, what))
    return None if _takes_any(known) else _open(known, offered)


def _open(known: Mapping[str, inspect.Parameter], offered: Collection[str]) -> list[str]:
    """Return the parameters that are left for the user's options."""
    named = (*_NAMED, inspect.Parameter.POSITIONAL_ONLY)
    return [name for name, each in known.items() if each.kind in named and name not in offered]


def _takes_any(known: Mapping[str, inspect.Parameter]) -> bool:
    return any(each.kind is each.VAR_KEYWORD for each in known.values())


def _checked(
    said: str,
    attribute: str,
    known: Mapping[str, inspect.Parameter],
    offered: Mapping[str, Any],
    given: Mapping[str, Any],
    flag: str | None,
) -> dict[str, Any]:
    """Return the values to pass, by name; raise an InputError for one that cannot be."""
    left = _open(known, offered)
    for name in given:
        if name in offered:
            raise InputError(
                f"{said} the option {name} is the run's own setting: leave it out, and set "
                f"{name} of the run"
            )
        if name not in left and not _takes_any(known):
            near = get_close_matches(name, left, n=1)
            choice = f"did you mean {near[0]}?" if near else f"it has {', '.join(left) or 'none'}"
            raise InputError(f"{said} {attribute}() has no option {name!r}: {choice}")
    values = {name: value for name, value in offered.items() if name in known}
    for name in left:
        each = known[name]
        if name in given:
            values[name] = _fitted(f"{said} its option {name}", given[name], each)
        elif each.default is each.empty:
            remedy = f"give {flag} {name}=VALUE" if flag else "give it a default"
            raise InputError(f"{said} {attribute}() needs {name!r}: {remedy}")
    return values | {name: value for name, value in given.items() if name not in values}


_KINDS: dict[Any, tuple[Callable[[Any], bool], str]] = {
    bool: (lambda value: isinstance(value, bool), "true or false"),
    int: (lambda value: type(value) is int, "a whole number"),  # True is an int, too
    float: (lambda value: type(value) in (int, float), "a number"),
    str: (lambda value: isinstance(value, str), "a text, such as \"'3'\""),
    list: (lambda value: isinstance(value, list | tuple), "a list, such as [1, 2]"),
    tuple: (lambda value: isinstance(value, list | tuple), "a list, such as [1, 2]"),
    dict: (lambda value: isinstance(value, Mapping), "a table"),
    type(None): (lambda value: value is None, "nothing"),
}
"""What a value of a kind is, and how a user is asked for one."""


def _fitted(said: str, value: Any, parameter: inspect.Parameter) -> Any:
    """Return `value` as the parameter takes it; raise an InputError if it does not."""
    kind = parameter.annotation
    if kind is parameter.empty or isinstance(kind, str):  # what a text names is not known here
        kind = Any if parameter.default in (parameter.empty, None) else type(parameter.default)
        kind = kind if kind in _KINDS else Any
    if not _fits(value, kind):
        raise InputError(f"{said} is {value!r}: give {_asked(kind)}")
    if kind is float:
        return float(value)
    return tuple(value) if (typing.get_origin(kind) or kind) is tuple else value


def _fits(value: Any, kind: Any) -> bool:
    origin, inside = typing.get_origin(kind) or kind, typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        return any(_fits(value, each) for each in inside)
    if origin is typing.Literal:
        return any(value == each and type(value) is type(each) for each in inside)
    if origin is typing.Annotated:
        return _fits(value, inside[0])
    if isinstance(origin, type) and issubclass(origin, Sequence) and origin is not str:
        origin = list
    if origin not in _KINDS:
        try:
            return kind in (Any, object) or isinstance(value, kind)
        except TypeError:  # it is no kind that a value can be asked about
            return True
    if not _KINDS[origin][0](value):
        return False
    element = inside[0] if origin in (list, tuple) and inside else Any
    return element is Any or all(_fits(each, element) for each in value)


def _asked(kind: Any) -> str:
    """Return what a value of this kind is, in words.

    >>> _asked(int | None), _asked(typing.Literal["fast", "slow"]), _asked(list[int])
    ('a whole number', "one of 'fast', 'slow'", 'a list, such as [1, 2]')
    """
    origin, inside = typing.get_origin(kind) or kind, typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        return " or ".join(_asked(each) for each in inside if each is not type(None))
    if origin is typing.Literal:
        return f"one of {', '.join(map(repr, inside))}"
    if isinstance(origin, type) and issubclass(origin, Sequence) and origin is not str:
        origin = list
    if origin in _KINDS:
        return _KINDS[origin][1]
    return f"a {getattr(kind, '__name__', kind)}, which no option can be"


def check(
    name: str,
    what: str,
    made: Any,
    pieces: Mapping[str, tuple[Callable[[Any], bool], str]],
) -> None:
    """Raise an InputError for the first piece that `made` lacks, or that is wrong.

    Parameters
    ----------
    name, what
        See `load`.
    made
        What it made.
    pieces
        By the attribute's name: what accepts its value, and how a user is asked for one.

    """
    called = name.partition(":")[2]
    found = f"the {what} is {name!r}, but {called}() is a {type(made).__name__}"
    for piece, (fits, asked) in pieces.items():
        try:
            value = getattr(made, piece)
        except AttributeError:
            raise InputError(f"{found} without {piece!r}: give it {asked}") from None
        except (Exception, SystemExit) as error:  # a property may raise anything
            raise InputError(
                f"the {what} is {name!r}, but {called}() raised {one_line(error)} for {piece!r}: "
                "fix it"
            ) from error
        if not fits(value):
            raise InputError(f"{found} whose {piece!r} is {short(value)}: make it {asked}")


def callable_with(count: int) -> Callable[[Any], bool]:
    """Return what accepts a function that can be called with so many arguments, by position."""

    def fits(function: Any) -> bool:
        if not callable(function):
            return False
        try:
            inspect.signature(function).bind(*range(count))
        except TypeError:
            return False
        except ValueError:  # a built-in, which does not report its signature
            return True
        return True

    return fits


def short(value: object) -> str:
    """Return a value in one line of at most 60 characters.

    >>> short("x" * 99) == "'" + "x" * 56 + "..."
    True
    """
    text = " ".join(repr(value).split())
    return text if len(text) <= 60 else f"{text[:57]}..."


def digests(named: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return the SHA-256 of the files of the user's own objects, by module.

    Parameters
    ----------
    named
        Pairs of a name and what it is; names of another form than ``module:Class`` are skipped.

    Returns
    -------
    dict
        Of each object the file of the module that is named and, if it is another, of the module
        that defines the object.

    Raises
    ------
    InputError
        See `load`; or a file cannot be read.

    """
    return {
        module: sha256(path.read_bytes()).hexdigest()
        for name, what in named
        if is_own(name)
        for module, path in _modules(name, load(name, what)).items()
    }


def check_digests(noted: object, found: Mapping[str, str], path: Path) -> None:
    """Raise if a file of the user's own has changed since its digest was noted in `path`.

    Raises
    ------
    InputError
        It names the module, and the remedy.

    """
    noted = noted if isinstance(noted, Mapping) else {}
    for module, digest in noted.items():
        if module in found and found[module] != digest:
            where = getattr(sys.modules.get(module), "__file__", None) or module
            raise InputError(
                f"{where} has changed since {path} was written: restore it, or delete {module} "
                f"below notes.own_sha256 in {path} to go on with the present one"
            )


def _modules(name: str, made: Callable[..., Any]) -> dict[str, Path]:
    """Return the files of the modules that name and define an object, by module."""
    names = [name.partition(":")[0]]
    if inspect.isclass(made) or inspect.isfunction(made):
        names.append(made.__module__)
    files = {each: getattr(sys.modules.get(each), "__file__", None) for each in names}
    return {each: Path(file) for each, file in files.items() if file}


def _files_of(called: Callable[..., Any]) -> set[str]:
    module = sys.modules.get(getattr(called, "__module__", None) or "")
    file = getattr(module, "__file__", None)
    return {file} if file else set()


def place(error: BaseException, files: Collection[str]) -> str | None:
    """Return the last line of these files that an exception passed through; None if none."""
    found = None
    seen: BaseException | None = error
    while seen is not None:
        trace = seen.__traceback__
        while trace is not None:
            code = trace.tb_frame.f_code
            if code.co_filename in files:
                found = f"{Path(code.co_filename).name}, line {trace.tb_lineno}, {code.co_name}"
            trace = trace.tb_next
        seen = seen.__cause__
    return found


@contextmanager
def blamed(named: Iterable[tuple[str, str]], *laws: type[Exception]) -> Iterator[None]:
    """Turn an exception of the user's own code into one line for the user.

    Parameters
    ----------
    named
        Pairs of a name and what it is; names of another form than ``module:Class`` are skipped.
    laws
        Exceptions that say that an own object broke a law, wherever they are raised.

    Raises
    ------
    InputError
        An exception passed through a file of one of the objects, or is one of the `laws`.

    """
    own = [(name, what) for name, what in named if is_own(name)]
    try:
        yield
    except InputError:
        raise
    except Exception as error:
        if not own:
            raise
        if isinstance(error, laws):
            name, what = own[0]
            raise InputError(f"the {what} {name!r} breaks the protocol: {error}") from error
        files = {
            str(path) for name, what in own for path in _modules(name, load(name, what)).values()
        }
        where = place(error, files)
        if where is None:
            raise
        raise InputError(f"{where}() raised {one_line(error)}: fix it") from error
