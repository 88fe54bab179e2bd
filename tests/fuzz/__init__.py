"""Fuzzing by coverage: bytes that were never seen before, and only documented outcomes.

A target takes any bytes and raises nothing but `AssertionError`, for an outcome that is not
documented. Inputs that once led to one rest in `corpus/`, by target, and the suite plays them.
"""
