"""Structured logs: one JSON object a line in production, readable lines in development.

Every line carries the request id when there is one. No personal data is ever bound to the logger.
"""

import logging.config
from typing import Any

import structlog


def logging_config(*, level: str, output: str) -> None:
    """Set up structlog and the standard library's loggers alike; `output` is `json` or `console`."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]
    renderer: list[Any] = (
        [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
        if output == "json"
        else [structlog.dev.ConsoleRenderer(colors=False)]
    )
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {
                "purelaka": {
                    "()": structlog.stdlib.ProcessorFormatter,
                    "foreign_pre_chain": shared,
                    "processors": [structlog.stdlib.ProcessorFormatter.remove_processors_meta, *renderer],
                }
            },
            "handlers": {"stream": {"class": "logging.StreamHandler", "formatter": "purelaka"}},
            "root": {"handlers": ["stream"], "level": level},
            "loggers": {"stripe": {"level": "WARNING"}},  # it tells of each request twice, with the ids in its address
        }
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
