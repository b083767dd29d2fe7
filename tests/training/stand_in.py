"""A customer model of the real kind whose figures are made up, so that registering one takes no fitting."""

import numpy as np

from features.as_of import AsOf
from features.definitions import FEATURE_NAMES
from features.loyalty.formula import load_formula
from training.models.btyd.bg_nbd import BGNBD
from training.models.bundle import Card
from training.models.customer_model import CustomerModel
from training.models.purchases.adjustments import Adjustments
from training.models.purchases.constants import INTERVAL_HORIZONS, PURCHASE_WINDOWS
from training.models.purchases.covariates import BaseStatistics
from training.models.purchases.level_calibration import LevelCalibration
from training.models.purchases.model import PurchaseModel
from training.models.purchases.seasonality import Seasonality
from training.models.spend.model import SpendModel

AS_OF, TIMEZONE = "2011-06-10", "Europe/London"


def customer_model(rate: float = 0.01, megabytes: int = 0) -> CustomerModel:
    """A model of customers who buy at about some rate a day; another rate or size gives another digest."""
    card = Card(
        as_of=AS_OF,
        timezone=TIMEZONE,
        horizons=(90,),
        data_digest="0" * 64,
        customers=500,
        feature_columns=FEATURE_NAMES,
        formula_version="1",
        code_version="0.1.0",
        libraries={"numpy": "2"},
    )
    spend = SpendModel()
    spend.kind_, spend.mean_, spend.deviance_ = "mean", 20.0, {}
    count = purchase_model(rate)
    count.ballast = np.random.default_rng(0).bytes(megabytes << 20)
    return CustomerModel(card, load_formula(), count, spend)


def purchase_model(rate: float = 0.01) -> PurchaseModel:
    """BG/NBD at a rate a day, without season, corrections or level."""
    model = PurchaseModel()
    model.day_ = AsOf.parse(AS_OF, TIMEZONE).day
    model.seasonality_ = Seasonality(model.day_)
    model.bg_nbd_ = BGNBD()
    model.bg_nbd_.params_ = {"r": 1.0, "alpha": 1 / rate, "a": 0.5, "b": 3.0}
    model.base_statistics_ = BaseStatistics(dict.fromkeys(PURCHASE_WINDOWS, 1.0), 0.0)
    model.adjustments_, model.level_, model.level_calibration_ = (
        Adjustments.identity(),
        0.0,
        LevelCalibration.identity(),
    )
    model.interval_contents_ = [0.9] * len(INTERVAL_HORIZONS)
    return model
