"""The logo of a letterhead: a small picture that everybody who opens a letter has to trust."""

import io
from enum import StrEnum

from PIL import Image

#: Bytes of a logo, and the pixels of its sides.
MAX_LOGO, MIN_SIDE, MAX_SIDE = 1_000_000, 16, 2_000

_FORMATS = ("PNG", "JPEG")


class LogoProblem(StrEnum):
    """Codes of why a file is not taken as a logo."""

    TOO_LARGE = "too_large"
    NO_IMAGE = "no_image"
    BAD_SIZE = "bad_size"


def check(logo: bytes) -> LogoProblem | None:
    """Return why these bytes are no logo; None when they are one.

    The size is read before the pixels: few bytes may stand for a picture that fills the memory.
    """
    if len(logo) > MAX_LOGO:
        return LogoProblem.TOO_LARGE
    try:
        with Image.open(io.BytesIO(logo), formats=_FORMATS) as picture:
            if not all(MIN_SIDE <= side <= MAX_SIDE for side in picture.size):
                return LogoProblem.BAD_SIZE
            picture.load()
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return LogoProblem.NO_IMAGE
    return None
