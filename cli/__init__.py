"""The command `regulars`: one module per verb, each a few lines over the library.

A verb imports the library when it runs, so that `--help` is fast.
"""
