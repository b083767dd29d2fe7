"""What plans changed, in words for managers, in English and Chinese."""

from planning.causal_inference.randomised_effect import Effect
from planning.effects.five_measures import Measure
from planning.effects.other_plan import OtherPlan
from planning.effects.uplift_by_action import ActionUplift
from planning.uplift.uplift_evaluation import Figure

Words = tuple[str, str]
"""The same in English and in Chinese."""

MEASURE_WORDS: dict[str, Words] = {
    "satisfaction": ("satisfaction (rating)", "满意度（评分）"),
    "loyalty": ("loyalty (rating)", "忠诚度（评分）"),
    "purchases": ("purchases a customer", "每位客户的购买次数"),
    "purchase_value": ("value of a purchase", "单次购买金额"),
    "lifetime": ("lifetime value (a forecast)", "客户终身价值（预测）"),
}
SHORT_MEASURE_WORDS: dict[str, Words] = {
    "satisfaction": ("satisfaction", "满意度"),
    "loyalty": ("loyalty", "忠诚度"),
    "purchases": ("purchases", "购买次数"),
    "purchase_value": ("value of a purchase", "单次金额"),
    "lifetime": ("lifetime (forecast)", "终身价值（预测）"),
}
"""The same in a table of a terminal of 80 columns."""
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
        shown = number_words(measure.minimum_detectable or 0.0, DIGITS[measure.name])
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
    share = share_words(effect)
    return f"{number_words(effect.estimate, digits, sign=True)}{f' ({share})' if share else ''}"


def share_words(effect: Effect) -> str:
    """Return a change as a share of the mean of those left alone; an empty text where there is none.

    Examples
    --------
    >>> share_words(Effect(-0.11, 0.05, 0, 0, 9, 9, 1.42, 1.31))
    '−8 %'
    """
    share = effect.relative
    return f"{100 * share:+z.0f} %".replace("-", "−") if share == share else ""


def interval_words(effect: Effect, digits: int) -> Words:
    """Return the ends of an interval, or that it has none."""
    if not (abs(effect.low) < float("inf") and abs(effect.high) < float("inf")):
        return "– (nothing is excluded)", "–（无法排除任何值）"
    low, high = (number_words(end, digits, sign=True) for end in (effect.low, effect.high))
    return f"{low} to {high}", f"{low} 至 {high}"


def mean_words(value: float, digits: int) -> str:
    """Return a mean, or a dash for none."""
    return "–" if value != value else number_words(value, digits)


def uplift_words(uplift: ActionUplift) -> list[Words]:
    """Return what can be said of differences between customers, and whether a plain forecast orders them as well."""
    if uplift.by_customer:
        lines = [
            (
                "Customers differ in this effect more than in proportion to what they buy: the next plan expects "
                "another effect of each.",
                "客户间的效果差异超出其购买量的比例：下一份计划将按客户分别估计效果。",
            )
        ]
    else:
        lines = [
            (
                "No difference is sure beyond one in proportion to what a customer buys anyway: the next plan "
                "expects the action's mean.",
                "除与客户自身购买量成比例外，未见可靠的差异：下一份计划采用该行动的平均效果。",
            )
        ]
    if uplift.response_is_as_good:
        better = uplift.beyond_response.high < 0
        lines.append(
            (
                f"A plain forecast of purchases orders these customers {'better' if better else 'as well, or better'}.",
                "仅按购买预测排序，效果" + ("更好。" if better else "相当或更好。"),
            )
        )
    else:
        lines.append(
            (
                "The model of the effect orders these customers better than a plain forecast of purchases does, "
                "beyond chance.",
                "效果模型对客户的排序优于单纯的购买预测，非偶然。",
            )
        )
    return lines


OUTCOME_WORDS: dict[str, Words] = {
    "purchases": ("purchases a customer", "每位客户的购买次数"),
    "spend": ("spend a customer", "每位客户的金额"),
}


def other_plan_words(other: OtherPlan) -> list[Words]:
    """Return what another plan would have brought, of whom that holds, and how much it rests on."""
    sentences = []
    for name, value in other.values.items():
        english, chinese = OUTCOME_WORDS[name]
        mean, difference = value.doubly_robust or value.snips, other.differences[name]
        shown, own = number_words(mean.value, 2), number_words(other.own[name], 2)
        sure = difference.low > 0 or difference.high < 0
        low, high = (number_words(each, 2) for each in (mean.low, mean.high))
        ends = [number_words(each, 2, sign=True) for each in (difference.value, difference.low, difference.high)]
        sentences.append(
            (
                f"{english[0].upper()}{english[1:]} would have been {shown} ({low} to {high}) beside "
                f"{own}: a difference of {ends[0]} ({ends[1]} to {ends[2]}), "
                f"{'beyond chance' if sure else 'which may be chance'}.",
                f"{chinese}将为 {shown}（{low} 至 {high}），实际为 {own}："
                f"差异 {ends[0]}（{ends[1]} 至 {ends[2]}），{'非偶然' if sure else '可能出于偶然'}。",
            )
        )
    effective = min(value.effective_sample_size for value in other.values.values())
    sentences.append(
        (
            f"This holds for {other.customers:,} customers of week {other.week}, and is as sure as if that plan had "
            f"been carried out for {effective:,.0f} of them. It says nothing of "
            f"{other.outside:,} customers whom only that plan has, and of {other.excluded:,} to whom it would do "
            "something that the draw gave to nobody.",
            f"适用于 {other.week} 周的 {other.customers:,} 位客户，信息量相当于按该计划抽取的 {effective:,.0f} 位客户。"
            f"仅该计划包含的 {other.outside:,} 位客户，以及该计划采取了从未抽中行动的 {other.excluded:,} 位客户，"
            "无从得知。",
        )
    )
    return sentences


def figure_words(figure: Figure, digits: int = 3) -> Words:
    """Return a value with its interval."""
    if figure.value != figure.value:
        return "–", "–"
    value, low, high = (number_words(each, digits, sign=True) for each in (figure.value, figure.low, figure.high))
    return f"{value} ({low} to {high})", f"{value}（{low} 至 {high}）"


def number_words(value: float, digits: int, sign: bool = False) -> str:
    """Return a number with so many digits after the point, none from a thousand on.

    Examples
    --------
    >>> number_words(-0.5, 2), number_words(1526.74, 2, sign=True)
    ('−0.50', '+1,527')
    """
    shown = 0 if abs(value) >= 1000 else digits
    return f"{value:{'+' if sign else ''},.{shown}f}".replace("-", "−")
