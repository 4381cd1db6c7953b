"""Celery: what runs beside the requests. A message is only a wake-up; the database knows what is due."""
