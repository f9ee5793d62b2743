"""The command line: one module a command, each with `add_parser(subparsers)` and `run(args) -> exit code`.

A command's module loads in no time, for `--help`; what the command works with is imported when it runs.
"""
