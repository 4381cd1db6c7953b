"""The command `liuhen`: one module a command or group of commands."""
