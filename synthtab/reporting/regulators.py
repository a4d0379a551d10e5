"""What regulators and experts ask about a table that leaves the house, and what a report is evidence for.

The words are ours; no text of a standard is quoted, and no threshold of anybody is borrowed.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["CLOSING", "SOURCES", "Source"]


@dataclass(frozen=True)
class Source:
    """One source.

    Parameters
    ----------
    name : str
        Who asks, and where.
    asks : str
        What it asks, in our words.
    offers : str
        What a report offers to it, and what it does not.
    codes : tuple of str
        Checks that are evidence for it.
    """

    name: str
    asks: str
    offers: str
    codes: tuple[str, ...]


SOURCES = (
    Source(
        "Article 29 Working Party, Opinion 05/2014 on anonymisation techniques (WP216)",
        "Can a person still be singled out, can records about a person be linked, can something about a "
        "person be inferred?",
        "An attack for each of the three: who makes it, how often it succeeds on people in the table and on "
        "people who are not, each with an interval.",
        ("STB807", "STB806", "STB805"),
    ),
    Source(
        "Expert panel, A consensus privacy metrics framework for synthetic data (Patterns, 2025)",
        "Report what is disclosed about membership and about attributes, also for differentially private "
        "tables, and do not rest on how similar rows are.",
        "Both, beside people who are not in the table. Closeness stands among the descriptions and decides "
        "nothing.",
        ("STB802", "STB805"),
    ),
    Source(
        "UK Information Commissioner's Office, motivated intruder test",
        "What could somebody find out who is determined and able, uses what the public can reach, but has no "
        "special skill and knows nothing beforehand?",
        "Evidence of what such an intruder, and better informed ones, get out of the synthetic table. Nobody "
        "searched registers, newspapers or the web for this report.",
        ("STB805", "STB807", "STB808", "STB810"),
    ),
    Source(
        "HIPAA Privacy Rule, expert determination, 45 CFR 164.514(b)(1)",
        "Somebody who knows the statistical methods determines that the risk is very small that a recipient "
        "could identify a person, also with other information at hand, and writes down why.",
        "Input to that expert: attacks, their power, and what was not tried. The determination is the "
        "expert's, not the report's.",
        ("STB806", "STB807", "STB808", "STB809", "STB810"),
    ),
    Source(
        "ISO/IEC 27559, privacy enhancing data de-identification framework",
        "Look at the context of a release and at the data, judge how far people can be identified, reduce "
        "it where needed, and govern the release as long as it lasts.",
        "Material for judging how far people can be identified. Context, governance and review are not in "
        "this report.",
        ("STB802", "STB805", "STB806", "STB807", "STB808", "STB809", "STB810"),
    ),
    Source(
        "European Medicines Agency, Policy 0070; Health Canada, public release of clinical information",
        "The probability that a person is re-identified in published clinical documents, held against 0.09.",
        "Nothing to hold against it. 0.09 is a re-identification probability and no figure here is one: "
        "never compare it with membership, inference, singling out or distances.",
        (),
    ),
)
"""Who asks."""

CLOSING = (
    "Nothing here is a claim of compliance with any law, opinion or standard, and no figure is held against "
    "a threshold that was set for another quantity. The words are ours: read the sources, and ask those who "
    "answer for the data."
)
"""What must stand below the table."""
