"""The MBG/NBD model, a modified BG/NBD."""

from training.models.btyd.bg_nbd import BGNBD


class MBGNBD(BGNBD):
    """MBG/NBD (modified BG/NBD): a customer may also churn right after the first purchase.

    The same as BG/NBD with one more chance to become inactive, so that P(active) of one-time buyers falls with time.
    Attributes and methods are those of `BGNBD`.

    Parameters
    ----------
    penalizer : float, default 0.0
        Weight of the penalty on the squared log parameters; see `maximise`.
    tol : float, default 1e-7
        Tolerance of the gradient; see `maximise`.

    References
    ----------
    Batislam, Denizel & Filiztekin (2007), "Empirical validation and comparison of models for customer base analysis",
    International Journal of Research in Marketing 24(3), 201-209.
    """

    _EARLY_EXITS = 1
