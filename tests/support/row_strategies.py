"""Strategies that draw rows of imports."""

import pandas as pd
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from mxlib.core.schema import MASK, make_rows
from mxlib.core.validation.rules import AccountSnapshot, Defaults
from tests.support.hypothesis_profiles import examples

ACCOUNT = AccountSnapshot(
    domains=frozenset({"a.nl", "b.nl", "c.nl", "xn--mnchen-3ya.de"}),
    existing={"a.nl": frozenset({"info", "o'brien"}), "b.nl": frozenset({"info"}), "c.nl": frozenset()},
    unchecked=frozenset({"c.nl"}),
    forbidden={"b.nl": "You have no permission to import into b.nl."},
    has={
        "a.nl": pd.DataFrame(
            {
                "username": ["Info", "o'brien", "other"],
                "quota": [1024, 0, 5],
                "limit": [9600, 500, 1],
                "usage": [900.2, 7.0, 0.0],
                "recovery_email": ["jan@home.nl", "", "else@home.nl"],
                "name": ["Info Desk", "", "Else"],
            }
        )
    },
)


STANDARD = Defaults("a.nl")


#: A machine that does other things as well is no reason to fail. Some twenty properties share these tables, so that few
#: examples of each meet many.
UNHURRIED = settings(deadline=None, max_examples=examples(40), suppress_health_check=[HealthCheck.too_slow])


ANYTHING = st.text(max_size=20)


CELLS = {
    "username": ["", "jan", "Jan ", "jan@a.nl", "jan@b.nl", "info", "INFO", "o'brien", "josé", "jan jansen", "a..b",
                 "@a.nl", "jan@", "a@b@c", "x" * 65, "jan@münchen.de", "İnfo", "K"],
    "password": ["", "****", MASK, f"{MASK}x", "short", "Winter-2026", " Winter-2026", "Winter2026", "WINTER-2026\n",
                 "Winter\xad-2026", "\u200bWinter-2026 ", "Winter\xa0-2026", "\xa0Winter-2026", "0\xad"],
    "quota": ["", "1024", "1,024", "1.024", "2 GB", "5", "5 MB", "unlimited", "lots", "-5"],
    "limit": ["", "9600", "500", "9601", "0", "x"],
    "recovery_email": ["", "jan@a.nl", "Jan@Home.nl", "é@home.nl", "jan@münchen.de", "nobody", "-"],
    "name": ["", "Info Desk", " Jan  de Boer ", "-", "a\x07b", "x" * 121, "=1+2", f"Jan {MASK}"],
    "domain": ["", "a.nl", "B.nl", "c.nl", "münchen.de", "MÜNCHEN.DE", "elsewhere.nl", "no domain", "x@y"],
}  # fmt: skip


@st.composite
def tables(draw: st.DrawFn, most: int = 8) -> pd.DataFrame:
    """Draw rows of awkward cells, some of them with any text."""
    rows = draw(
        st.lists(
            st.fixed_dictionaries(
                {name: st.sampled_from(cells) | ANYTHING for name, cells in CELLS.items()}
                | {"fault": st.sampled_from(["", "", "One value too many."])}
                | dict.fromkeys(("ticked", "generated"), st.booleans())
            ),
            max_size=most,
        )
    )
    columns = {name: [str(row[name]) for row in rows] for name in CELLS}
    metadata = {name: [row[name] for row in rows] for name in ("ticked", "generated", "fault")}
    return make_rows(columns, line=[draw(st.integers(0, 3)) and n + 2 for n in range(len(rows))], **metadata)
