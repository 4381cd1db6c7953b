"""Migrations of the catalog, run by the role `liuhen_owner` at start. They expand, then contract.

Each names the one before it. The first ones were numbered when they were begun and not when they were done, so their
order is 1, 2, 5, 3, 6 to 10, 13, 11, 12, 14; from 14 on, number and order are the same. None is renumbered: databases
keep the name of the last one they had.
"""
