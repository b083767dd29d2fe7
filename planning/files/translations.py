"""Words of the reps' files and the manager's page, in English and Chinese."""

COLUMN_MEANINGS = {
    "plan_item": (
        "the row's id; leave it as it is, and empty for customers met outside the plan",
        "行编号，请勿修改；计划外的客户留空",
    ),
    "day": ("planned day", "计划日期"),
    "time": ("planned time", "计划时间"),
    "customer_id": ("customer", "客户"),
    "channel": ("how to reach the customer", "联系方式"),
    "goal": ("what it is for", "目的"),
    "content": ("what to talk about", "谈话内容"),
    "why": ("why this customer, from the customer's own figures", "入选原因（英文）"),
    "why_zh": ("the same in Chinese", "入选原因"),
    "gain": ("whether it will pay: likely, possible, or unknown and to be learnt", "收益把握：很可能、可能、未知"),
    "value": ("expected gain in margin, less cost", "预期毛利增量（扣除成本）"),
    "alternative": ("another channel, if the customer cannot be reached", "联系不上时的替代方式"),
    "minutes_planned": ("planned minutes, travel included", "计划分钟数（含路程）"),
    "status": (
        "accepted, done, skipped, moved, or unanswered: tried, and nobody was reached",
        "状态：已接受、已完成、跳过、改期、未联系上（尝试过但无人应答）",
    ),
    "reason": ("why it was skipped or moved", "跳过或改期的原因"),
    "done_at": (
        "when it was done; empty for the planned day, needed outside the plan",
        "完成时间；留空表示计划当日，计划外必填",
    ),
    "outcome": ("how it ended", "结果"),
    "satisfaction": ("rating that the customer gave", "客户给出的满意度评分"),
    "loyalty": ("rating that the customer gave", "客户给出的忠诚度评分"),
    "amount": ("order taken, in currency", "订单金额"),
    "minutes": ("minutes that it took, travel included", "实际分钟数（含路程）"),
    "note": ("anything else", "备注"),
}
"""Meaning of each column of a rep's workbook and of crm.csv."""

EMPTY_ROWS_NOTE = (
    "Customers met outside the plan: an empty row at the end, with customer, channel and done_at, without a plan_item.",
    "计划外拜访的客户：在末尾空行填写客户、联系方式和完成时间，plan_item 留空。",
)

WORDS_ZH = {
    "visit": "拜访",
    "incentive": "优惠",
    "face_to_face": "面访",
    "phone": "电话",
    "email": "邮件",
    "coupon": "优惠券",
    "discount": "折扣",
    "points": "积分",
    "rate": "利率优惠",
    "purchase_count": "增加购买次数",
    "purchase_value": "提高购买金额",
    "satisfaction": "提高满意度",
    "loyalty": "提高忠诚度",
    "needs": "了解需求",
    "satisfaction_survey": "满意度调查",
    "loyalty_survey": "忠诚度调查",
    "likely": "很可能",
    "possible": "可能",
    "unknown": "未知（用于学习）",
    "accepted": "已接受",
    "done": "已完成",
    "skipped": "跳过",
    "moved": "改期",
    "unanswered": "未应答",
    "ordered": "已下单",
    "interested": "有意向",
    "neutral": "一般",
    "refused": "拒绝",
    "no_contact": "未联系上",
    "sent": "已发送",
    "redeemed": "已兑换",
    "expired": "已过期",
    "already_in_contact": "已在联系中",
    "not_there": "不在",
    "wrong_person": "联系人不对",
    "bad_moment": "时机不合适",
    "not_worth_it": "不值得",
    "complaint_open": "投诉未解决",
    "opted_out": "已退订",
    "other": "其他",
}
"""Chinese for the words of the event log, of statuses and of skip reasons."""


def in_english(word: str | None) -> str:
    """Return a word as people write it: without underscores; an empty text for none.

    Examples
    --------
    >>> in_english("face_to_face")
    'face to face'
    """
    return (word or "").replace("_", " ")


def in_chinese(word: str | None) -> str:
    """Return a word in Chinese, or as `in_english` where it is the firm's own.

    Examples
    --------
    >>> in_chinese("phone"), in_chinese("own_channel")
    ('电话', 'own channel')
    """
    return WORDS_ZH.get(word or "", in_english(word))
