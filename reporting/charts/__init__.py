"""The charts of the report as Vega-Lite specifications, drawn from the report's tables without computing anything.

Texts and colours are filled in later, by language and by light or dark theme: a string that starts with `@t:` is a key
of the catalogue, any other that starts with `@` a colour of page.css.
"""
