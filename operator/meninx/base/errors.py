"""The error tree: every error of ours, whether trying again helps, and what each message must carry.

    MeninxError
    ├── BadInput             what was given can't be used; never retried      (exit 65)
    │   └── Rejected         an image, series or study with a published reason
    ├── NotFound             what was named does not exist; never retried
    ├── Unauthorised         a credential is missing, wrong or expired; never retried
    ├── Conflict             somebody else changed it; read again, then retry
    ├── Unavailable          a peer or the API server is away; retried          (exit 75)
    ├── OutOfSpace           the disk is full; retried when there is room       (exit 75)
    └── Broken               an invariant of ours does not hold; a bug          (exit 70)

A message names the object and the remedy. Patient identity never goes into a message.
"""

from typing import ClassVar


class MeninxError(Exception):
    """Any error of ours."""

    retryable: ClassVar[bool] = False
    exit_code: ClassVar[int] = 70


class BadInput(MeninxError):
    """What was given can't be used as it is; the message says what to change."""

    exit_code = 65


class Rejected(BadInput):
    """An image, series or study that can't be used, with a reason of the published vocabulary."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(f"{reason}: {message}")
        self.reason = reason
        self.message = message


class NotFound(MeninxError):
    """What was named does not exist."""

    exit_code = 66


class Unauthorised(MeninxError):
    """A credential is missing, wrong, expired, or not for this object."""

    exit_code = 77


class Conflict(MeninxError):
    """Somebody else changed the object in between: read it again."""

    retryable = True
    exit_code = 75


class Unavailable(MeninxError):
    """A peer, the store or the API server can't be reached now."""

    retryable = True
    exit_code = 75
    retry_after_seconds: float | None = None
    """How long it asked to be left alone."""


class OutOfSpace(MeninxError):
    """The disk is full: nothing was acknowledged, try again when there is room."""

    retryable = True
    exit_code = 75


class Broken(MeninxError):
    """An invariant of ours does not hold: a bug to report."""
