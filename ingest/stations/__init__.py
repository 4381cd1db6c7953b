"""Docking stations (采集工作站): how one is enrolled, and how its requests prove whose they are."""
