"""The local web page and its JSON API: search, watch the pages arrive, look at prices.

It stands on the same engine and event log as the commands. `app.create_app` builds the application, `server.serve`
listens; `crawler.cli.serve` is the command.
"""
