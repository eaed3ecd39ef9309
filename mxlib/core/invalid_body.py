"""What is sent in a shape that it should not have."""


class InvalidBody(Exception):
    """What was sent is not shaped as it should be; the message says what is wrong, `field` where."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field

    def __reduce__(self) -> tuple[type["InvalidBody"], tuple[str, str]]:
        """How it comes back from another process."""
        return InvalidBody, (self.field, str(self))
