"""Watches: searches that are made again and again, and what is told of their prices, once an event.

watch      what a watch is, as the configuration has it
events     pure: what happened to a product, given its past and what was told before
memory     what watches have done and told, in the history file
making     one watch made: searched, recorded, and what happened found out
sending    what is to be told, brought to where it goes, and what failed kept
"""
