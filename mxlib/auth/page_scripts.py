"""Scripts that pages may run in the browser: each is allowed by its hash alone, so no other inline script runs."""

import base64
import hashlib

#: Gives a field the focus and keeps it there until it has held for a second: the field may come after this script,
#: and a dialog takes the focus to itself. A person who moves it by Tab or a click keeps it where they want it.
_FOCUS = (
    "const script = document.currentScript, moved = new AbortController(); let held = 0;"
    "for (const kind of ['keydown', 'pointerdown']) document.addEventListener(kind, event => {"
    "if (event.key === 'Tab' || kind === 'pointerdown') moved.abort();"
    "}, {capture: true, signal: moved.signal});"
    "const give = () => {"
    "if (held === 20 || !script.isConnected || moved.signal.aborted) return moved.abort();"
    "const field = document.querySelector('%s input');"
    "if (field && field === document.activeElement) held += 1; else { held = 0; field?.focus(); }"
    "setTimeout(give, 50);"
    "};"
    "give();"
)

#: Puts the focus into the field of the search. Enter presses the first hit, as soon as the hits are those of what was
#: typed.
FOCUS_SEARCH = (
    "(() => {" + _FOCUS % ".st-key-jump-query" + "const closed = new AbortController();"
    "document.addEventListener('keydown', event => {"
    "if (!script.isConnected) return closed.abort();"
    "const field = event.target;"
    "if (event.key !== 'Enter' || event.isComposing || !field.closest('.st-key-jump-query')) return;"
    "const typed = field.value.trim(); let left = 600;"
    "const open = () => {"
    "if (!typed || !script.isConnected || field.value.trim() !== typed || !left--) return;"
    "if (document.querySelector('[data-jump-query]')?.dataset.jumpQuery === typed)"
    " document.querySelector('[class*=\"st-key-jump-to-\"] button')?.click();"
    "else setTimeout(open, 50);"
    "};"
    "open();"
    "}, {capture: true, signal: closed.signal});"
    "})();"
)

#: Puts the focus into the search of a page, which a key asked for.
FOCUS_FILTER = "(() => {" + _FOCUS % ".st-key-search" + "})();"


def content_security_hashes() -> str:
    """Return the scripts as sources of a Content-Security-Policy."""
    digests = (hashlib.sha256(script.encode()).digest() for script in (FOCUS_SEARCH, FOCUS_FILTER))
    return " ".join(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)
