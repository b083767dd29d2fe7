"""MBG/NBD, modified BG/NBD: Batislam, Denizel & Filiztekin (2007), IJRM 24(3), 201-209."""

from training.models.btyd.bg_nbd import BGNBD


class MBGNBD(BGNBD):
    """The BG/NBD with one more chance to leave, right after the first purchase: who bought once may be gone.

    Learns ``r_``, ``alpha_`` (days), ``a_``, ``b_``.
    """

    _EARLY_EXITS = 1
