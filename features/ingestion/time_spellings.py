"""Writes times of other programs and languages in one form, which formats of strptime then read.

In that form dates have `-` between year, month and day, months that are named have the three letters of English, clocks
have colons, and zones are offsets. Only what has one meaning is changed: which of two numbers is the day is left open.
"""

import pyarrow as pa
import pyarrow.compute as pc

MONTHS = {
    "Jan": "january januar jänner janner janvier janv enero ene gennaio gen januari janeiro",
    "Feb": "february februar feber février fevrier févr fevr fév fev febrero febbraio februari fevereiro",
    "Mar": "march märz maerz marz mär mrz mars marzo maart mrt março marco marts",
    "Apr": "april avril avr abril abr aprile",
    "May": "may mai maj mayo maggio mag mei maio",
    "Jun": "june juni juin junio giugno giu junho",
    "Jul": "july juli juillet juil julio luglio lug julho",
    "Aug": "august août aout agosto ago augustus augusti",
    "Sep": "september sept septembre septiembre settembre set setembro",
    "Oct": "october oktober okt octobre octubre ottobre ott outubro out",
    "Nov": "november novembre noviembre novembro",
    "Dec": "december dezember dez décembre decembre déc diciembre dic dicembre dezembro",
}
"""Names of months and their usual short forms in English, German, French, Spanish, Italian, Dutch, Portuguese, and the
Scandinavian ones that differ. None means another month in another of these languages."""

DATE = r"^(\d{1,4}-\w{1,3}-\d{1,4})"
MONTH, WEEKDAY = "(" + "|".join(MONTHS) + ")", r"^(?:[^\d\s]+ )?"

WITH_WORDS = (
    # The longest first, because RE2 takes a letter with a mark for the end of a word: "mar" would be found in "março".
    *(
        (rf"(?i)\b(?:{'|'.join(sorted([month, *names.split()], key=len, reverse=True))})\b\.?", month)
        for month, names in MONTHS.items()
    ),
    (r"(?i) (?:de|del|of) ", " "),
    (rf"{WEEKDAY}(\d{{1,2}})(?:st|nd|rd|th|er|\.)?[ /.-]+{MONTH},?[ /.-]+(\d{{4}}|\d{{2}})\b", r"\1-\2-\3"),
    (rf"{WEEKDAY}{MONTH},? (\d{{1,2}})(?:st|nd|rd|th)?,? (\d{{4}})\b", r"\2-\1-\3"),
    (
        rf"{WEEKDAY}{MONTH} (\d{{1,2}}) (\d{{1,2}}:\d{{2}}(?::\d{{2}})?)(?: (UTC|GMT|[+-]\d{{4}}))? (\d{{4}})$",
        r"\2-\1-\5 \3\4",
    ),
    (rf"^(\d{{4}})[ /.-]{MONTH}[ /.-](\d{{1,2}})\b", r"\1-\2-\3"),
)
EAST_ASIAN = (
    (r"(?:[(（][^)）]{1,3}[)）]|(?:星期|周|週).)", " "),
    (r"(\d{2,4}) ?[年년] ?(\d{1,2}) ?[月월] ?(\d{1,2}) ?[日일号號]? ?", r"\1-\2-\3 "),
    (r"(\d{1,2}) ?[时時点點시] ?(\d{1,2}) ?[分분]", r"\1:\2"),
    (r"(:\d{2}) ?(\d{1,2}) ?[秒초]", r"\1:\2"),
    (r"(?:上午|凌晨|早上|午前|오전) ?(\d{1,2}:\d{2}(?::\d{2})?)", r"\1 AM"),
    (r"(?:下午|晚上|午後|오후) ?(\d{1,2}:\d{2}(?::\d{2})?)", r"\1 PM"),
    (r" +", " "),
    (r" $", ""),
)
ALWAYS = (
    (r"^'", ""),  # by which spreadsheets mark a text
    (r" ?\([^)]*\)$", ""),  # JavaScript names the zone in brackets after the offset
    (r"((?i:Z)|[+-]\d{2}:?\d{2})\[[\w/+-]+\]$", r"\1"),  # and Java in these
    (r"(?i) ?(?:utc|gmt|z)$", "+0000"),
    (r"(?i) ?(?:utc|gmt)([+-]\d)", r"\1"),
    (r"(:\d{2}(?:[.,]\d+)?) ([+-]\d)", r"\1\2"),
    (r"(?i)(\d) ?([ap])\.? ?m\.?$", r"\1 \2m"),
    (r"^(\d{4})(\d{2})(\d{2})[Tt ](\d{2}):?(\d{2}):?(\d{2})", r"\1-\2-\3 \4:\5:\6"),
    (r"^(\d{4})(\d{2})(\d{2})[Tt ](\d{1,2}):?(\d{2})\b", r"\1-\2-\3 \4:\5"),
    (r"^(\d{4})-?W(\d{2})-?(\d)\b", r"\1-W\2-\3"),
    (r"^(\d{1,4}) ?[-/.] ?(\d{1,2}) ?[-/.] ?(\d{1,4})\.?", r"\1-\2-\3"),
    (rf"{DATE}(?:[Tt_/:]|, ?| at | um | - )", r"\1 "),
    (rf"{DATE} (\d{{2}})-(\d{{2}})-(\d{{2}})$", r"\1 \2:\3:\4"),
    (rf"{DATE}[ -](\d{{1,2}})\.(\d{{2}})\.(\d{{2}})", r"\1 \2:\3:\4"),
    (rf"(?i){DATE} (\d{{1,2}})[.h](\d{{2}})( [ap]m|$)", r"\1 \2:\3\4"),
    (rf"(?i){DATE} (\d{{1,2}}) ?(?:h|uhr)$", r"\1 \2:00"),
    (r"(?i)(:\d{2}) ?(?:h|uhr)$", r"\1"),
    (r"(:\d{2}:\d{2})(?:,|:(?:(\d{3})\b))(\d*)", r"\1.\2\3"),
    (r"(\.\d{6})\d+", r"\1"),
)
"""Patterns of RE2 and what they become, one after the other."""


def normal_form(text: pa.StringArray) -> pa.StringArray:
    """Return times in the form of this module; `text` has plain characters, without white space around it.

    Examples
    --------
    >>> normal_form(pa.array(["1. März 2024 um 9:05 Uhr", "03/01/2024, 9:05 p.m.", "20240301T090507Z"])).to_pylist()
    ['1-Mar-2024 9:05', '03-01-2024 9:05 pm', '2024-03-01 09:05:07+0000']
    """
    text = pc.replace_substring_regex(text, r"\s+", " ")
    for needed, rules in (
        (r"\p{L}{3}", WITH_WORDS),
        (r"[年년시时時点點]|[上下]午|午[前後]|오[전후]", EAST_ASIAN),
        ("", ALWAYS),
    ):
        if needed and not pc.any(pc.match_substring_regex(text, needed)).as_py():
            continue
        for pattern, form in rules:
            text = pc.replace_substring_regex(text, pattern, form)
    return text
