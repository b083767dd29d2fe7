"""What a plan says of itself, in English and Chinese sentences: the same on the terminal and on the manager's page."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from features.plurals import counted
from planning.files.translations import in_chinese, in_english

Sentence = tuple[str, str]
KINDS = {
    "face_to_face": (("visit", "visits"), "次面访"),
    "phone": (("call", "calls"), "次电话"),
    "email": (("e-mail", "e-mails"), "封邮件"),
    "incentive": (("offer", "offers"), "份优惠"),
}
"""How actions are counted: visits by their channel, incentives together."""
PASSED_OVER = {
    "control_of_earlier_plan": ("left alone at random in an earlier week", "正处于此前的随机留白期"),
    "opted_out": ("opted out", "已退订"),
    "wrong_person": ("with the wrong contact person", "联系人不对"),
    "bad_moment": ("asked for another moment", "时机不合适"),
    "not_worth_it": ("called not worth it by their rep", "被代表认为不值得"),
    "contacted_recently": ("contacted too recently", "近期已联系"),
    "without_rep": ("without a rep", "没有代表"),
    "no_forecast": ("without a forecast, for they never bought", "从未购买，无法预测"),
    "not_eligible": ("not eligible for any action", "不符合任何行动的条件"),
    "does_not_pay": ("for whom no action is expected to bring more than it costs", "任何行动都不划算"),
    "no_room": ("for whom the limits leave no room", "因资源限制未入选"),
}
"""Why customers are not in a plan, as it stands after a number."""
UNITS = {"minutes": 60, "currency": 100}
"""How much more of a limit a sentence speaks of."""
LEAST_WORTH = 0.005
"""A worth below is nothing to speak of."""
MOST_NAMED = 3
"""Reps named in a sentence."""


def sentences(manifest: Mapping[str, Any]) -> list[Sentence]:
    """Return what a plan brings, what limits it, what it can show and who was passed over, in this order.

    Parameters
    ----------
    manifest : mapping
        The manifest of a plan folder.

    Returns
    -------
    list of (str, str)
        English and Chinese.
    """
    parts = (_outcome, _limits, _gap, _comparison, _holdout, _passed_over)
    return [sentence for part in parts for sentence in part(manifest)]


def count_of(kind: str, number: int) -> Sentence:
    """Return a number of actions in words.

    Examples
    --------
    >>> count_of("phone", 1)[0], count_of("phone", 1380)[0]
    ('1 call', '1,380 calls')
    """
    (one, many), chinese = KINDS.get(kind, ((in_english(kind), in_english(kind)), f"次{in_chinese(kind)}"))
    return f"{number:,} {one if number == 1 else many}", f"{number:,} {chinese}"


def _outcome(manifest: Mapping[str, Any]) -> Iterator[Sentence]:
    week, currency = manifest["week"], manifest["catalogue"]["currency"]
    value = manifest["value"]
    if not value["rows"] and manifest.get("by_rule"):
        yield (
            f"Nothing is planned for week {week}: nobody who may get an offer is in a band that has one, or the "
            "budget buys none.",
            f"{week} 周不安排任何行动：没有可获优惠的客户处于有优惠的等级，或预算不足。",
        )
        return
    if not value["rows"]:
        yield (
            f"Nothing is planned for week {week}: no action is expected to bring more than it costs. "
            "That is the best plan within these limits.",
            f"{week} 周不安排任何行动：没有一项行动的预期收益高于成本。在现有条件下，这就是最优计划。",
        )
        return
    order = [*KINDS, *sorted(set(value["counts"]) - set(KINDS))]
    counts = [count_of(kind, value["counts"][kind]) for kind in order if kind in value["counts"]]
    low, high, expected = (_amount(value[name], plus=True) for name in ("low", "high", "expected"))
    yield (
        f"{', '.join(each[0] for each in counts)} for week {week}; expected {expected} {currency} "
        f"in margin after {_amount(value['cost'])} of cost (80 % interval {low} to {high}).",
        f"{week} 周：{'、'.join(each[1] for each in counts)}；预期毛利 {expected} {currency}，"
        f"已扣除成本 {_amount(value['cost'])}（80% 区间 {low} 至 {high}）。",
    )
    observed = [in_english(name) for name in manifest.get("posterior_effects", {})]
    if observed:
        english = f"The effects of {joined(observed)} follow outcomes of earlier plans"
        rest = "; the others are guesses of the catalogue." if value["guessed"] else "."
        rest_zh = "；其余取自目录中的估计值。" if value["guessed"] else "。"
        yield f"{english}{rest}", f"{'、'.join(observed)} 的效果来自以往计划的实际结果{rest_zh}"
        effects = manifest["posterior_effects"].items()
        if differ := [in_english(name) for name, each in effects if each.get("by_customer")]:
            yield (
                f"For {joined(differ)} they tell one customer's effect from another's, so each has their own.",
                f"{'、'.join(differ)}：以往结果可区分不同客户的效果，因此按客户分别估计。",
            )
    elif value["guessed"]:
        yield (
            "The effects are guesses of the catalogue; outcomes of plans will replace them.",
            "各项行动的效果取自目录中的估计值，将由计划的实际结果取代。",
        )


def _limits(manifest: Mapping[str, Any]) -> Iterator[Sentence]:
    limits = [each for each in manifest["limits"] if each["capacity"]]
    if not limits or not manifest["value"]["rows"]:
        return
    full = sorted((each for each in limits if each["price"] > 0), key=_worth, reverse=True)
    pools = list(dict.fromkeys(each["pool"] for each in full))
    used_up = [pool_words([each for each in full if each["pool"] == pool]) for pool in pools]
    others = {each["pool"]: {**each, "rep": None} for each in limits if each["pool"] not in pools}
    unused = [pool_words([each]) for each in others.values()]
    english, chinese = [], []
    if used_up:
        one = len(used_up) == 1 and full[0]["unit"] == "currency"
        english.append(f"{joined([each[0] for each in used_up])} {'is' if one else 'are'} used up")
        chinese.append(f"{'、'.join(each[1] for each in used_up)}已用尽")
    if unused:
        names = joined([each[0] for each in unused])
        english.append(f"{names} {'is' if names == 'the budget' else 'are'} not" + ("" if used_up else " used up"))
        chinese.append(f"{'、'.join(each[1] for each in unused)}尚有余量")
    text = "; ".join(english)
    yield f"{text[0].upper()}{text[1:]}.", f"{'；'.join(chinese)}。"
    # Of each pool the limit of which a little more is worth most.
    best = [next(each for each in full if each["pool"] == pool) for pool in pools]
    prices = [_price(each) for each in best if each["price"] * UNITS.get(each["unit"], 1) >= LEAST_WORTH]
    if prices:
        text = "; ".join(each[0] for each in prices)
        yield f"{text[0].upper()}{text[1:]}.", f"{'；'.join(each[1] for each in prices)}。"


def pool_words(limits: Sequence[Mapping[str, Any]]) -> Sentence:
    """Return the name of a pool, with the reps of whom it is."""
    first = limits[0]
    pool = in_english(first["pool"])
    if reps := [str(each["rep"]) for each in limits if each["rep"]]:
        more = len(reps) - MOST_NAMED
        shown = reps if more <= 1 else reps[:MOST_NAMED]  # "1 more" is no shorter than a name
        names = joined([*shown, f"{more} more reps"] if more > 1 else shown)
        names_zh = "、".join(shown) + (f" 等 {len(reps)} 人" if more > 1 else "")
        if first["unit"] == "minutes":
            return (f"{names}'s hours" if len(reps) == 1 else f"the hours of {names}"), f"{names_zh}的工时"
        return f"{pool} of {names}", f"{names_zh}的{pool}"
    if first["unit"] == "minutes":
        return "the reps' hours", "代表的工时"
    named = {"budget": ("the budget", "预算"), "calls": ("the calls", "电话次数"), "emails": ("the e-mails", "邮件数")}
    return named.get(first["pool"], (f"the {pool}", pool))


def limit_words(limit: Mapping[str, Any]) -> Sentence:
    """Return the name of one limit of a manifest, as it stands in a sentence.

    Examples
    --------
    >>> limit_words({"pool": "rep_minutes", "unit": "minutes", "rep": "R07"})[0]
    "R07's hours"
    """
    return pool_words([limit])


def _worth(limit: Mapping[str, Any]) -> float:
    """Return what 1 % more of a limit is worth."""
    return float(limit["price"]) * float(limit["capacity"])


def _price(limit: Mapping[str, Any]) -> Sentence:
    """Return what a little more of a limit is worth."""
    english, chinese = pool_words([limit])
    if limit["unit"] == "minutes":
        worth = _amount(UNITS["minutes"] * limit["price"])
        owner = f"{limit['rep']}'s" if limit["rep"] else english
        return f"one more hour of {owner} is worth {worth}", f"{chinese}每多一小时值 {worth}"
    if limit["unit"] == "currency":
        worth = _amount(UNITS["currency"] * limit["price"])
        return f"100 more of {english} would bring {worth}", f"{chinese}每增加 100 可带来 {worth}"
    worth = _amount(limit["price"])
    return f"one more of {english} is worth {worth}", f"{chinese}每多一次值 {worth}"


def _gap(manifest: Mapping[str, Any]) -> Iterator[Sentence]:
    if manifest["value"]["rows"] and not manifest.get("by_rule"):
        gap = max(math.ceil(10_000 * manifest["gap"]) / 100, 0.01)
        yield (
            f"No other choice within these limits is expected to bring more than {gap:g} % more.",
            f"在这些限制下，任何其他选择的预期收益最多再高 {gap:g}%。",
        )
    if (over := manifest.get("over_budget", 0.0)) >= 0.005:
        yield (
            f"The chance that redemptions cost more than the budget is {100 * over:.0f} %.",
            f"兑换成本超出预算的概率为 {100 * over:.0f}%。",
        )


def _comparison(manifest: Mapping[str, Any]) -> Iterator[Sentence]:
    """Yield how offers by rule stand beside offers and visits that are chosen by what they bring."""
    if not (comparison := manifest.get("comparison")):
        return
    rule, best, currency = comparison["by_rule"], comparison["optimised"], manifest["catalogue"]["currency"]
    gains = [_amount(side["expected"], plus=True) for side in (rule, best)]
    costs = [_amount(side["cost"]) for side in (rule, best)]
    everybody = rule["losing"] == rule["chosen"]
    share = "all" if everybody and rule["losing"] > 1 else f"{rule['losing']:,}"
    cost_more = (
        "is expected to cost more than it brings" if share == "1" else "are expected to cost more than they bring"
    )
    losing = f", {share} of whom {cost_more}" if rule["losing"] else ""
    losing_zh = f"，{'全部' if everybody else '其中 ' + share + ' 位'}预期成本高于收益" if rule["losing"] else ""
    if manifest.get("by_rule"):
        yield (
            "Offers follow from the band of the loyalty score alone; they go to "
            f"{counted(rule['chosen'], 'customer')}{losing}. Chosen by what they are expected to bring, the same "
            f"offers and budget would bring {gains[1]} {currency} after {costs[1]} of cost, and these bring {gains[0]} "
            f"after {costs[0]}, before anybody is left alone.",
            f"优惠仅由忠诚度等级决定，覆盖 {rule['chosen']:,} 位客户{losing_zh}。若按预期收益选择，"
            f"同样的优惠和预算可带来 {gains[1]} {currency}"
            f"（成本 {costs[1]}）；本计划为 {gains[0]}（成本 {costs[0]}）；均未扣除随机留白。",
        )
        return
    yield (
        "Offers by the band of the loyalty score, with the same budget, would go to "
        f"{counted(rule['chosen'], 'customer')}{losing}, and are expected to bring {gains[0]} {currency} after "
        f"{costs[0]} of cost; this plan {gains[1]} after {costs[1]}. Both count everybody chosen, and rest on the "
        "effects that are expected.",
        f"若按忠诚度等级发放优惠，同样的预算将覆盖 {rule['chosen']:,} 位客户{losing_zh}，预期带来 {gains[0]} "
        f"{currency}（成本 {costs[0]}）；本计划为 {gains[1]}（成本 {costs[1]}）。两者均按全部入选客户和预期效果计算。",
    )


def _holdout(manifest: Mapping[str, Any]) -> Iterator[Sentence]:
    holdout = manifest["holdout"]
    if not holdout["chosen"]:
        return
    if not holdout["control"]:
        yield (
            "Nobody is left alone, so this plan cannot show what it changes.",
            "没有随机留白的客户，因此本计划无法显示其效果。",
        )
        return
    one_in = holdout["chosen"] / holdout["control"]
    english = f"1 in {one_in:.0f} of those chosen is left alone at random ({holdout['control']:,})."
    chinese = f"入选客户中每 {one_in:.0f} 位随机留白 1 位（共 {holdout['control']:,} 位）。"
    if lift := holdout.get("minimum_detectable_lift"):
        of_four_weeks = holdout.get("of_four_weeks") or lift / 2  # plans of earlier releases do not say
        english += (
            f" With that this plan can show a lift of purchases of {100 * lift:.0f} % or more; "
            f"four such weeks with different customers, {100 * of_four_weeks:.0f} %."
        )
        chinese += (
            f"本计划可显示 {100 * lift:.0f}% 以上的购买提升；四周不同客户的计划可显示 {100 * of_four_weeks:.0f}%。"
        )
    yield english, chinese
    if exploration := len(manifest.get("exploration", ())):
        verb = "was" if exploration == 1 else "were"
        english = (
            f"{exploration:,} of those passed over {verb} drawn at random to learn what actions do for such customers"
        )
        chinese = f"另从未入选客户中随机抽取 {exploration:,} 位，用于了解行动对这类客户的作用"
        if (done := holdout.get("exploration_done")) is not None:
            left = exploration - done
            among = f"{done:,} {'is' if done == 1 else 'are'}" if done else "none is"
            english += f": {among} among the actions above, {f'{left:,}' if left else 'none'} "
            english += f"{'are' if left > 1 else 'is'} left alone"
            chinese += f"：其中 {done:,} 位已计入上述行动，{left:,} 位留白"
        yield f"{english}.", f"{chinese}。"


def _passed_over(manifest: Mapping[str, Any]) -> Iterator[Sentence]:
    counts = {reason: number for reason, number in manifest["passed_over"].items() if number}
    if total := sum(counts.values()):
        ordered = [(counts[reason], *texts) for reason, texts in PASSED_OVER.items() if reason in counts]
        english = ", ".join(f"{number:,} {text}" for number, text, _ in ordered)
        chinese = "，".join(f"{number:,} 位{text}" for number, _, text in ordered)
        verb = "customer was" if total == 1 else "customers were"
        yield f"{total:,} {verb} passed over: {english}.", f"{total:,} 位客户未入选：{chinese}。"


def _amount(number: float, *, plus: bool = False) -> str:
    digits = 0 if abs(number) >= 20 else 1 if abs(number) >= 2 else 2
    text = f"{number:+,.{digits}f}" if plus else f"{number:,.{digits}f}"
    return text.replace("-", "−")


def joined(names: Sequence[str]) -> str:
    """Return names joined as in a sentence."""
    if len(names) == 1:
        return names[0]
    last = ", and " if any(" and " in name for name in names) else " and "
    return f"{', '.join(names[:-1])}{last}{names[-1]}"
