"""The command `regulars`: one module per verb; each is a thin wrapper around the library.

A verb imports the library when it runs, so that `--help` is fast.
"""
