"""The command line: one module per command, each with `add_parser(subparsers)` and `run(args) -> exit code`.

A command's module loads quickly, for `--help`; it imports what it needs when it runs.
"""
