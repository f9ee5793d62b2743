"""Watches: repeated searches that raise alerts about prices, one for each event.

watch       a watch, as configured
events      pure: detect a product's events from its history and its earlier alerts
state       the state of a watch: when it ran, and whether it is due
watch_store state and alerts of watches, in the history file
alert_rows  alerts as rows of that file
pending     undelivered alerts
run_watch   run one watch: search, record, detect
plan        decide which watches run in a round
lock        one round at a time for each history
overview    watches and alerts, for display
wording     watches in words
configured_channels  the channels in the table [alerts]
delivery    deliver alerts; keep those that fail
"""
