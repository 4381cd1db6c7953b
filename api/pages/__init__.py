"""The pages: server-rendered, Chinese first, and everything they change goes through the public API."""
