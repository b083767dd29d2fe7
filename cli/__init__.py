"""The command `regulars`: one verb a file, each a few lines over the library.

A verb imports the library when it runs, not before, so that `--help` answers at once.
"""
