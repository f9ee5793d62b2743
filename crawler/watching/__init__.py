"""Watches: searches that are repeated, and alerts about their prices, one per event.

watch       a watch, as the configuration has it
events      pure: detect events of a product from its history and the alerts before
state       the state of one watch: when it ran, whether it is due
watch_store state and alerts of watches, in the history file
alert_rows  alerts as rows of that file
pending     undelivered alerts
run_watch   run one watch: search, record, detect
lock        one round at a time for each history
overview    watches and alerts, for display
delivery    deliver alerts; keep those that fail
"""
