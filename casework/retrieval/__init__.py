"""Retrieval (调阅): by which rule somebody sees or copies footage, who has to approve, and which papers it takes."""
