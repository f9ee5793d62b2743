"""Alerts, from the value to the wire: said in words, and delivered. Who raises and keeps them is not known here.

alert             what happened to a price, as a value, and as JSON
wording           a watch's alerts as one message, in the reader's language
channels          where messages go: which there are, checked beforehand
url_channel       an Apprise URL, with tokens from the environment
apprise_process   the process that Apprise runs in, so that it can be silenced and stopped
file_channel      a file that grows
feed_channel      an Atom feed of the newest alerts
command_channel   a command of the user's
processes         one process, bounded in time
"""
