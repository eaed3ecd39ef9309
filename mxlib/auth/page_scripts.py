"""Scripts that pages may run in the browser: each is allowed by its hash alone, so no other inline script runs."""

import base64
import hashlib

#: Puts the focus into the field of the search once its dialog has taken the focus to itself. Enter presses the first
#: hit, as soon as the hits are those of what was typed.
FOCUS_SEARCH = (
    "for (const wait of [50, 150, 400]) setTimeout(() => {"
    "const field = document.querySelector('.st-key-jump-query input');"
    "if (!field) return;"
    "if (!field.value) field.focus();"
    "field.onkeydown = event => {"
    "if (event.key !== 'Enter' || event.isComposing) return;"
    "const typed = field.value.trim(); let left = 80;"
    "const open = () => {"
    "if (!typed || field.value.trim() !== typed || !left--) return;"
    "if (document.querySelector('[data-jump-query]')?.dataset.jumpQuery === typed)"
    " document.querySelector('[class*=\"st-key-jump-to-\"] button')?.click();"
    "else setTimeout(open, 50);"
    "};"
    "open();"
    "};"
    "}, wait);"
)

#: Puts the focus into the search of a page, which a key asked for.
FOCUS_FILTER = "setTimeout(() => document.querySelector('.st-key-search input')?.focus(), 50);"


def content_security_hashes() -> str:
    """Return the scripts as sources of a Content-Security-Policy."""
    digests = (hashlib.sha256(script.encode()).digest() for script in (FOCUS_SEARCH, FOCUS_FILTER))
    return " ".join(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)
