"""Spans for a collector of OpenTelemetry, where LIUHEN_OTEL_URL names one: else none of it is loaded but `opening`."""
