"""Turn results into matplotlib axes, for people who compose figures of their own.

This package reads `synthtab.results` and takes its words from `synthtab.reporting`; results find it by name,
and nothing else imports it: matplotlib is an optional extra.
"""
