"""Turn results into pages: results become view models, view models become SVG and HTML.

This package reads `synthtab.results` and nothing else of synthtab; results find it by name.
"""
