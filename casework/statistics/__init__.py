"""Figures of a year (年度统计), from the ledger alone: whoever has its entries comes to the same digits."""
