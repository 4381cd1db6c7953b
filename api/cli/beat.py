"""`liuhen beat`: the clock that wakes the workers, in case a message was lost. One an archive."""

from __future__ import annotations


def beat() -> None:
    """按时唤醒各工作进程。 / Wake the workers by the clock until TERM."""
    from celery.signals import beat_init

    from api.engines.readiness import announce_ready
    from api.logs import write_log_lines
    from api.settings import load_settings
    from api.tasks.app import celery_app
    from api.tasks.relay import pass_words_on

    settings = load_settings()
    write_log_lines()

    def on_ready(**_facts: object) -> None:
        announce_ready(settings)

    beat_init.connect(on_ready, weak=False)
    if settings.wake_socket is not None:
        pass_words_on(settings.wake_socket)
    celery_app.Beat(scheduler_cls="api.tasks.clockwork:Clockwork", loglevel="WARNING").run()
