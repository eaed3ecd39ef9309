"""Contrast of the theme: every text reads on every ground, as computed from the configuration."""

import tomllib
from pathlib import Path

import pytest

THEME = tomllib.loads((Path(__file__).parents[2] / ".streamlit" / "config.toml").read_text(encoding="utf-8"))["theme"]


def luminance(color: str) -> float:
    """Return the relative luminance of a color such as #0b6e63."""
    parts = (int(color[at : at + 2], 16) / 255 for at in (1, 3, 5))
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colors, from 1 to 21."""
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("name", ["light", "dark"])
def test_every_text_has_a_contrast_of_at_least_4_5(name: str) -> None:
    theme = THEME[name]
    grounds = {
        part[key] for part in (theme, theme["sidebar"]) for key in ("backgroundColor", "secondaryBackgroundColor")
    }
    texts = (theme["textColor"], theme["linkColor"])
    low = [(text, ground) for text in texts for ground in grounds if contrast(text, ground) < 4.5]
    assert not low
    assert contrast(theme["primaryColor"], "#ffffff") >= 4.5  # the label of a button
