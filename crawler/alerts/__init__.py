"""Alerts: put them into words and deliver them. This package does not know who raises and stores them.

alert the facts of an alert, and their JSON wording a watch's alerts as one message, in the reader's language channels
the channels: create and check them url_channel an Apprise URL, with tokens from the environment apprise_process the
process that runs Apprise, so that it can be silenced and stopped file_channel a file that grows feed_channel an Atom
feed of the newest alerts command_channel a command of the user's processes run one process, with a time limit
"""
