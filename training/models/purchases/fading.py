"""How the adjustment of P(no purchase) fades beyond the horizons that it was learnt from."""


def horizon_parts(learnt_days: int | None, horizon_days: float) -> list[tuple[float, float]]:
    """Return the parts of a horizon: the end of each in days, and the share of the log factor that holds in it.

    The whole factor up to the longest horizon learnt from, half of it up to twice that horizon, then nothing: what was
    seen of a customer in a quarter says little about the third year.

    Parameters
    ----------
    learnt_days : int or None
        The longest horizon learnt from; None for no fading.
    horizon_days : float

    Examples
    --------
    >>> horizon_parts(90, 60)
    [(60, 1.0)]
    >>> horizon_parts(90, 100)
    [(90, 1.0), (100, 0.5)]
    >>> horizon_parts(90, 400)
    [(90, 1.0), (180, 0.5), (400, 0.0)]
    """
    if learnt_days is None or horizon_days <= learnt_days:
        return [(horizon_days, 1.0)]
    if horizon_days <= 2 * learnt_days:
        return [(learnt_days, 1.0), (horizon_days, 0.5)]
    return [(learnt_days, 1.0), (2 * learnt_days, 0.5), (horizon_days, 0.0)]
