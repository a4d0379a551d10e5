"""Choosing and gating: which synthesizer to take, and whether it is still worth what it was."""
