"""Watches: searches that are made again and again, and what is told of their prices, once an event.

watch      what a watch is, as the configuration has it
events     pure: what happened to a product, given its past and what was told before
state      what is known of one watch: when it was made, and whether it is due
memory     what watches have done and told, in the history file
pending    alerts that are still to be brought somewhere, as the file's rows hold them
making     one watch made: searched, recorded, and what happened found out
lock       one round of them at a time for each history
overview   what is known of watches and alerts, to look at
sending    what is to be told, brought to where it goes, and what failed kept
"""
