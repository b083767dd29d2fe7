"""What plans changed, in words for managers, in English and Chinese."""

from planning.causal_inference.randomised_effect import Effect
from planning.effects.five_measures import Measure

Words = tuple[str, str]
"""The same in English and in Chinese."""

MEASURE_WORDS: dict[str, Words] = {
    "satisfaction": ("satisfaction (rating)", "满意度（评分）"),
    "loyalty": ("loyalty (rating)", "忠诚度（评分）"),
    "purchases": ("purchases a customer", "每位客户的购买次数"),
    "purchase_value": ("value of a purchase", "单次购买金额"),
    "lifetime": ("lifetime value (a forecast)", "客户终身价值（预测）"),
}
DIGITS = {"satisfaction": 2, "loyalty": 2, "purchases": 3, "purchase_value": 2, "lifetime": 2}
KIND_WORDS: dict[str, Words] = {"visit": ("visits", "拜访"), "incentive": ("incentives", "优惠")}


def verdict_words(measure: Measure) -> Words:
    """Return what can be said of a measure.

    Examples
    --------
    >>> verdict_words(Measure("loyalty", None, "not_comparable", asked_planned=0.18, asked_control=0.04))[0]
    'not comparable: 18 % of the planned were asked, 4 % of those left alone'
    """
    if measure.verdict == "not_comparable":
        planned, control = (
            f"{share:.0%}".replace("%", " %") for share in (measure.asked_planned, measure.asked_control)
        )
        if measure.name == "purchase_value":
            return ("not comparable: too few bought", "无法比较：购买的客户太少")
        if measure.name == "lifetime":
            return (
                "not comparable: too few bought twice to forecast a lifetime",
                "无法比较：重复购买的客户太少，无法预测终身价值",
            )
        return (
            f"not comparable: {planned} of the planned were asked, {control} of those left alone",
            f"无法比较：计划内客户中 {planned} 有评分，留白客户中 {control}",
        )
    if measure.verdict == "open":
        control, weeks = f"{measure.more_control:,}", measure.more_weeks
        plural = "week" if weeks == 1 else "weeks"
        return (
            f"cannot tell yet: about {control} more left alone, or {weeks} more {plural} like these",
            f"尚无法判断：约需再留白 {control} 位客户，或再做 {weeks} 周同样的计划",
        )
    if measure.verdict == "too_small":
        shown = _number(measure.minimum_detectable or 0.0, DIGITS[measure.name])
        return (
            f"no change seen: these customers show one of {shown} or more",
            f"未见变化：现有客户只能显示 {shown} 以上的变化",
        )
    return {
        "up": ("up, beyond chance", "上升，非偶然"),
        "down": ("down, beyond chance: these customers are better left alone", "下降，非偶然：这些客户不打扰更好"),
    }.get(measure.verdict, ("too few customers, or outcomes that do not differ", "客户太少，或结果没有差异"))


def headline(measures: list[Measure]) -> Words:
    """Return the first sentence of the page."""
    up = [MEASURE_WORDS[each.name] for each in measures if each.verdict == "up"]
    down = [MEASURE_WORDS[each.name] for each in measures if each.verdict == "down"]
    if not up and not down:
        return (
            "None of the five measures differs beyond chance between the planned and those left alone.",
            "五项指标中，计划内客户与随机留白客户之间均无超出偶然的差异。",
        )
    english = [f"{verb}: {', '.join(w[0] for w in words)}" for verb, words in (("Up", up), ("Down", down)) if words]
    chinese = [f"{verb}：{'、'.join(w[1] for w in words)}" for verb, words in (("上升", up), ("下降", down)) if words]
    return f"{'. '.join(english)}.", f"{'；'.join(chinese)}。"


def change_words(effect: Effect, digits: int) -> str:
    """Return a change with its share of the mean of those left alone: +0.11 (+8 %).

    Examples
    --------
    >>> change_words(Effect(0.11, 0.05, 0, 0, 9, 9, 1.42, 1.31), 2)
    '+0.11 (+8 %)'
    """
    share = effect.relative
    relative = f" ({share:+.0%})".replace("%", " %") if share == share else ""
    return f"{_number(effect.estimate, digits, sign=True)}{relative.replace('-', '−')}"


def interval_words(effect: Effect, digits: int) -> Words:
    """Return the ends of an interval, or that it has none."""
    if not (abs(effect.low) < float("inf") and abs(effect.high) < float("inf")):
        return "– (nothing is excluded)", "–（无法排除任何值）"
    low, high = (_number(end, digits, sign=True) for end in (effect.low, effect.high))
    return f"{low} to {high}", f"{low} 至 {high}"


def mean_words(value: float, digits: int) -> str:
    """Return a mean, or a dash for none."""
    return "–" if value != value else _number(value, digits)


def _number(value: float, digits: int, sign: bool = False) -> str:
    return f"{value:{'+' if sign else ''},.{digits}f}".replace("-", "−")
