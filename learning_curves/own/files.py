"""Files of objects of the user's own: their digests, and the errors that come from them.

Owns which files belong to an object, and how an exception is traced to a line of them.
"""

from __future__ import annotations

import inspect
import os
import sys
import sysconfig
import traceback
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

from learning_curves.errors import InputError, one_line
from learning_curves.own.loading import is_own, load


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
                f"below notes.own_sha256 in {path} to use the changed file"
            )


def _modules(name: str, made: Callable[..., Any]) -> dict[str, Path]:
    """Return the files of the modules that name and define an object, by module."""
    names = [name.partition(":")[0]]
    if inspect.isclass(made) or inspect.isfunction(made):
        names.append(made.__module__)
    files = {each: getattr(sys.modules.get(each), "__file__", None) for each in names}
    return {each: Path(file) for each, file in files.items() if file}


def files_of(called: Callable[..., Any]) -> set[str]:
    """Return the file that defines a class or a function, if there is one."""
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
                found = _written(code.co_filename, trace.tb_lineno, code.co_name)
            trace = trace.tb_next
        seen = seen.__cause__
    return found


def origin(error: BaseException) -> str | None:
    """Return the last line of the user's code that an exception passed through; None if none did.

    That is code of neither rungsim, nor Python, nor an installed package. If there is none, it is
    the first line of code that is not of rungsim.
    """
    frames = [
        (code.co_filename, line, code.co_name)
        for frame, line in traceback.walk_tb(error.__traceback__)
        if not _is_within((code := frame.f_code).co_filename, _RUNGSIM)
    ]
    users = [frame for frame in frames if not _is_within(frame[0], _INSTALLED)]
    found = users[-1:] or frames[:1]
    return _written(*found[0]) if found else None


def described(error: BaseException) -> str:
    """Return an exception in one line, with the line of the user's code that it came from."""
    where = origin(error)
    return f"{one_line(error)} ({where})" if where else one_line(error)


def defined(function: Callable[..., Any]) -> str | None:
    """Return where a function or method is defined; None if it has no code in Python.

    >>> defined(defined).startswith("files.py, line "), defined(len)
    (True, None)
    """
    code = getattr(inspect.unwrap(function), "__code__", None)
    return _written(code.co_filename, code.co_firstlineno, code.co_name) if code else None


def _written(file: str, line: int, function: str) -> str:
    return f"{Path(file).name}, line {line}, {function}"


def _is_within(file: str, folders: Iterable[str]) -> bool:
    return file.startswith(tuple(folders))


_ROOT = Path(__file__).parents[2]
_RUNGSIM = [f"{_ROOT / package}{os.sep}" for package in ("learning_curves", "sim", "real")]
_INSTALLED = [
    *(f"{sysconfig.get_path(kind)}{os.sep}" for kind in ("stdlib", "purelib", "platlib")),
    *("<frozen ", "<string>"),  # of the import, and of a dataclass
]


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
