"""Let the parser hang or crash on marked pages, in each Python process that has this folder on its path."""

from tests.bulk.process_targets import replace_by_evil_parser

replace_by_evil_parser()
