"""AIBC: pathways of an AI bootcamp, what learners hand in, and what instructors say to it."""

__version__ = "0.1.0"
