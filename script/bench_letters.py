"""Benchmark of letters: seconds and memory of 1,000 letters, each with a logo and two QR codes."""

import io
import resource
import sys
import time

from PIL import Image

from mxlib.core.handover import letters
from mxlib.core.handover.letters import Paper, Recipient
from mxlib.core.handover.stationery import Letterhead, Stationery
from mxlib.core.handover.texts import Text

PEOPLE, MOST_S, MOST_MB = 1_000, 20.0, 150.0


def measure() -> tuple[float, float]:
    """Return the seconds of all letters, and the megabytes that the process grows by."""
    logo = io.BytesIO()
    Image.effect_noise((900, 300), 80).convert("RGB").save(logo, "PNG")
    head = Letterhead("Bergmann", "https://help.agency.example/mail", logo.getvalue())
    text = Text("Welcome {name}.\n\nThis is your mailbox {address}.")
    stationery = Stationery(text, "en", head, "mail.example.test", "https://password.agency.example/mail-settings")
    people = [Recipient(f"Jürgen Müller {at}", f"person{at}@a.nl", f"Pass-{at:04}-l1IO0") for at in range(PEOPLE)]
    before, began = _peak(), time.perf_counter()
    letters.make(people, {"a.nl": stationery}, Paper.A4)
    return time.perf_counter() - began, _peak() - before


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> int:
    """Print both next to their bounds; return 1 when one is exceeded."""
    seconds, megabytes = measure()
    print(f"{PEOPLE:,} letters")
    print(f"  time                    {seconds:5.2f} s   (under {MOST_S:g} s)")
    print(f"  memory                  {megabytes:5.0f} MB  (under {MOST_MB:g} MB)")
    return int(seconds >= MOST_S or megabytes >= MOST_MB)


if __name__ == "__main__":
    sys.exit(main())
