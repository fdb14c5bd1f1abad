"""What Varve raises: every class is a StorageError and, where Python has one for the case, that built-in too."""

from typing import ClassVar


class StorageError(Exception):
    """The root of all of Varve's errors. ``kind`` is the name that C++, HTTP and the shell share."""

    kind: ClassVar[str] = ""


class InvalidArgumentError(StorageError, ValueError):
    """A bad option, range or column."""

    kind = "InvalidArgument"


class PathTraversalError(StorageError, ValueError):
    """The key would leave the lake's root, or is malformed."""

    kind = "PathTraversal"


class DataNotFoundError(StorageError, LookupError):
    """No such key, version, snapshot or column."""

    kind = "NotFound"


class AlreadyExistsError(StorageError):
    """It is there already: a row with that identity, a key, a snapshot."""

    kind = "AlreadyExists"


class ConcurrentWriteError(StorageError):
    """Another writer holds the key."""

    kind = "ConcurrentWrite"


class SchemaCompatibilityError(StorageError, TypeError):
    """Types cannot be reconciled with those of the series."""

    kind = "SchemaCompatibility"


class DataCorruptionError(StorageError):
    """Stored bytes are not what was written."""

    kind = "Corruption"


class StorageIoError(StorageError, OSError):
    """The file system said no."""

    kind = "Io"


class UnavailableError(StorageError, ConnectionError):
    """A remote or a database is down."""

    kind = "Unavailable"


class DeadlineError(StorageError, TimeoutError):
    """A limit was reached."""

    kind = "Timeout"


class NotSupportedError(StorageError, NotImplementedError):
    """Valid, but not here."""

    kind = "NotSupported"


class ReadOnlyError(StorageError, PermissionError):
    """The lake or its disk cannot be written."""

    kind = "ReadOnly"


class OutcomeUnknownError(StorageError):
    """The commit may or may not have happened; the id in the message tells."""

    kind = "OutcomeUnknown"


class CancelledError(StorageError):
    """Stopped on request."""

    kind = "Cancelled"


class ForkedHandleError(StorageError, RuntimeError):
    """A handle of the parent process used in a forked child."""

    kind = "Forked"


CLASSES: dict[str, type[StorageError]] = {
    error.kind: error
    for error in (
        InvalidArgumentError,
        PathTraversalError,
        DataNotFoundError,
        AlreadyExistsError,
        ConcurrentWriteError,
        SchemaCompatibilityError,
        DataCorruptionError,
        StorageIoError,
        UnavailableError,
        DeadlineError,
        NotSupportedError,
        ReadOnlyError,
        OutcomeUnknownError,
        CancelledError,
        ForkedHandleError,
    )
}
