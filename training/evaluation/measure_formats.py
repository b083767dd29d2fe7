"""How measures of forecasts are written: the rule for the page, the terminal, the model card and MLflow."""

PERCENT = ("bias", "coverage")
"""Measures that are shares, and therefore written in per cent."""


def format_of(measure: str) -> str:
    """Return the format of a measure: per cent for shares, with the sign of a bias; else three decimals.

    Examples
    --------
    >>> format(-0.0184, format_of("bias")), format(0.912, format_of("coverage")), format(0.6789, format_of("auc"))
    ('-1.8%', '91.2%', '0.679')
    """
    if measure not in PERCENT:
        return ".3f"
    return "+.1%" if measure == "bias" else ".1%"


def logged(measure: str, value: float) -> tuple[str, float]:
    """Return name and value of a measure in MLflow, which shows bare numbers: the name of a share has its unit.

    Examples
    --------
    >>> logged("bias", -0.25), logged("auc", 0.8)
    (('bias_percent', -25.0), ('auc', 0.8))
    """
    return (f"{measure}_percent", 100 * value) if measure in PERCENT else (measure, value)
