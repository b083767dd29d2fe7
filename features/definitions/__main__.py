"""Print docs/columns.md; run `python -m features.definitions > docs/columns.md` after changing the definitions."""

from features.definitions import FAMILIES, FEATURE_NAMES
from features.schema import LOG_COLUMNS

HEAD = f"""\
# Columns

Written by `python -m features.definitions`; a test keeps it current. `features/definitions/` has one module a family of
columns.

## The event log

One row an event. Columns that are not required may be absent or empty. The words below are the built-in ones; others
come from `[events]` in `regulars.toml` and from plugins. The highest rating is `--rating-maximum` of `regulars ingest`.

| column | type | required | meaning |
|---|---|---|---|
{{log}}
## The feature table

One row a customer with an event known at `as_of`, {len(FEATURE_NAMES)} columns beside `customer_id`, all float64;
null is NaN. A purchase occasion is a day with at least one purchase. Days are whole days of the business time zone;
"the last w days" are the days from `as_of` less w on, up to the moment `as_of`. Money is in the log's own currency,
ratings in its own scale.
"""
FAMILY = """
### {name}
{origin}
| column | unit | meaning | null |
|---|---|---|---|
"""


def page() -> str:
    """Return the text of docs/columns.md."""
    log = (_row(f"`{c.name}`", c.type, "yes" if c.required else "", c.meaning) for c in LOG_COLUMNS)
    parts = [HEAD.format(log="".join(log))]
    for family in FAMILIES:
        origin = f"\nFrom the {family.origin}.\n" if family.origin else ""
        parts.append(FAMILY.format(name=family.name.capitalize(), origin=origin))
        parts += [_row(f"`{c.name}`", c.unit, c.meaning, _null(c.null_rule)) for c in family.columns]
    return "".join(parts)


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |\n"


def _null(rule: str) -> str:
    return rule.removeprefix("null ").replace("never null", "never")


if __name__ == "__main__":
    print(page(), end="")
