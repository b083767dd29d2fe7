"""The event type of service tickets, and visits by WeChat."""

from features.event_words import EventWords

WORDS = EventWords(
    types=("service_ticket",),
    channels={"visit": ("wechat",), "service_ticket": ("web", "wechat")},
    outcomes={"service_ticket": ("solved", "left_open")},
    amounts=("service_ticket",),
)
