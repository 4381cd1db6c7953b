"""Every page of the archive, gathered in one router."""

from __future__ import annotations

from fastapi import APIRouter

pages_router = APIRouter(include_in_schema=False)
