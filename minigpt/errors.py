"""The one exception for trouble that a user can mend: a line that names the thing, what was wanted, and the remedy."""


class MinigptError(ValueError):
    """Bad input or a bad file. The command line prints the message as one line and ends with status 1."""


class Paused(MinigptError):
    """Work that cannot go on now, and can later: everything that was done is saved."""


class Diverged(MinigptError):
    """Numbers of a training that are not finite any more."""
