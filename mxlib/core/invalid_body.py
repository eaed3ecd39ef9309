"""The error for a request or value of the wrong shape."""


class InvalidBody(Exception):
    """A request body or a value has the wrong shape. The message says what is wrong, and `field` names where."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field

    def __reduce__(self) -> tuple[type["InvalidBody"], tuple[str, str]]:
        """Make it survive pickling, as exceptions cross from the worker process."""
        return InvalidBody, (self.field, str(self))
