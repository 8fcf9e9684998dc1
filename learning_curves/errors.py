"""The one error that tells a user, rather than a programmer, what to mend."""


class InputError(ValueError):
    """Input that cannot be used; its message is one line naming the value and the remedy.

    The command line prints the message to standard error and exits with code 2.
    """
