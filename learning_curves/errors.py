"""The one error that tells a user, rather than a programmer, what to mend."""


class InputError(ValueError):
    """Input that cannot be used; its message is one line naming the value and the remedy.

    The command line prints the message to standard error and exits with code 2.
    """


def one_line(error: BaseException) -> str:
    r"""Return the kind and the message of an exception in one line.

    >>> one_line(OSError("no\nspace")), one_line(KeyError())
    ('OSError: no space', 'KeyError')
    """
    return " ".join(f"{type(error).__name__}: {error}".split()).removesuffix(":")
