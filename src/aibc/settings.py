"""Every setting the product reads, in frozen groups, from the environment.

`load_settings()` is the only reader of `os.environ`. With `DATABASE_URL` set the service runs for
real: missing, short or well-known secrets stop it with one sentence. Without it, secrets are
random and kept in `.aibc/` beside the embedded database.
"""

from __future__ import annotations

import os
import re
import secrets
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from typing import Literal, cast

MEBIBYTE = 1024 * 1024
MIN_SECRET_LENGTH = 32
KNOWN_SECRETS = re.compile(r"change.?me|secret|example|default|password|(.)\1{7}", re.IGNORECASE)

SECRETS = ("JWT_SECRET_KEY", "JWT_REFRESH_SECRET_KEY", "LINK_SECRET_KEY")

# Set by `aibc serve` for its own workers, never by a person: where the embedded server is.
EMBEDDED_URL = "AIBC_EMBEDDED_URL"


class SettingsError(Exception):
    """A setting is missing or unusable; the message is one sentence that says how to mend it."""


@dataclass(frozen=True)
class DatabaseSettings:
    url: str  # empty: the embedded server is still to be started
    embedded: bool
    pool_size: int  # connections of one worker process
    direct_url: str = ""  # past PgBouncer, for migrations; empty: the same as `url`
    migrate_on_start: bool = True
    bin_directory: Path | None = None  # PostgreSQL's programs; None: the installed bundle
    pool_timeout_seconds: float = 1.5  # for a connection that does not come
    statement_timeout_seconds: int = 10
    lock_timeout_seconds: int = 5
    behind_pgbouncer: bool = False


@dataclass(frozen=True)
class ServerSettings:
    host: str
    port: int
    workers: int
    public_url: str
    frontend_url: str
    cors_origins: tuple[str, ...]
    allowed_hosts: tuple[str, ...]
    trusted_proxy_hops: int
    environment: str
    metrics_token: str = field(repr=False, default="")
    log_level: str = "info"

    @property
    def is_local(self) -> bool:
        """Whether only this machine can reach the service."""
        return ip_address(self.host).is_loopback


@dataclass(frozen=True)
class TokenSettings:
    access_secret: str = field(repr=False)
    refresh_secret: str = field(repr=False)
    access_minutes: int = 60
    refresh_days: int = 7


@dataclass(frozen=True)
class SignInSettings:
    max_login_attempts: int = 5
    max_login_attempts_per_email: int = 50
    lockout_minutes: int = 30
    signups_per_hour: int = 100


@dataclass(frozen=True)
class StorageSettings:
    bucket: str
    project: str
    credentials_file: str
    local_directory: Path
    link_secret: str = field(repr=False)
    endpoint: str = "https://storage.googleapis.com"
    signing_endpoint: str = "https://iamcredentials.googleapis.com"

    @property
    def is_local(self) -> bool:
        return not self.bucket


@dataclass(frozen=True)
class UploadSettings:
    uploads_per_hour: int = 10
    bytes_per_day: int = 100 * MEBIBYTE
    refusals_per_hour: int = 30
    max_file_bytes: int = 50 * MEBIBYTE
    body_idle_seconds: float = 25.0
    body_total_seconds: float = 900.0


@dataclass(frozen=True)
class QuizSettings:
    grading: Literal["server", "client"] = "server"


@dataclass(frozen=True)
class Settings:
    database: DatabaseSettings
    server: ServerSettings
    tokens: TokenSettings
    sign_in: SignInSettings
    storage: StorageSettings
    uploads: UploadSettings
    quizzes: QuizSettings
    data_directory: Path


def load_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Read the environment. Raises SettingsError with one sentence when something is wrong."""
    read = _Reader(os.environ if environ is None else environ)
    data_directory = Path(read.text("AIBC_DATA_DIR", ".aibc")).absolute()
    embedded = not read.text("DATABASE_URL", "")
    secret = _secret_source(read, data_directory, embedded=embedded)
    _require_different_secrets(read)
    server = _server_settings(read)
    return Settings(
        database=_database_settings(read, server.workers, embedded=embedded),
        server=server,
        tokens=TokenSettings(
            access_secret=secret("JWT_SECRET_KEY"),
            refresh_secret=secret("JWT_REFRESH_SECRET_KEY"),
            access_minutes=read.whole("ACCESS_TOKEN_EXPIRE_MINUTES", 60, 1, 24 * 60),
            refresh_days=read.whole("REFRESH_TOKEN_EXPIRE_DAYS", 7, 1, 365),
        ),
        sign_in=SignInSettings(
            max_login_attempts=read.whole("MAX_LOGIN_ATTEMPTS", 5, 1, 1000),
            lockout_minutes=read.whole("LOCKOUT_DURATION_MINUTES", 30, 1, 24 * 60),
            signups_per_hour=read.whole("SIGNUPS_PER_HOUR", 100, 1, 1_000_000),
        ),
        storage=StorageSettings(
            bucket=read.text("GCS_BUCKET_NAME", ""),
            project=read.text("GCS_PROJECT_ID", ""),
            credentials_file=read.text("GOOGLE_APPLICATION_CREDENTIALS", ""),
            local_directory=Path(
                read.text("STORAGE_DIR", str(data_directory / "storage"))
            ).absolute(),
            link_secret=secret("LINK_SECRET_KEY"),
            endpoint=read.text("GCS_ENDPOINT", "https://storage.googleapis.com").rstrip("/"),
            signing_endpoint=read.text(
                "GCS_SIGNING_ENDPOINT", "https://iamcredentials.googleapis.com"
            ).rstrip("/"),
        ),
        uploads=UploadSettings(),
        quizzes=QuizSettings(
            grading=cast(
                Literal["server", "client"],
                read.choice("QUIZ_GRADING", ("server", "client"), "server"),
            )
        ),
        data_directory=data_directory,
    )


def _database_settings(read: _Reader, workers: int, *, embedded: bool) -> DatabaseSettings:
    bin_directory = read.text("PG_BIN_DIR", "")
    return DatabaseSettings(
        url=read.database_url(EMBEDDED_URL if embedded else "DATABASE_URL"),
        embedded=embedded,
        pool_size=read.whole("DATABASE_POOL_SIZE", _pool_size(workers), 1, 200),
        direct_url=read.database_url("DATABASE_DIRECT_URL"),
        migrate_on_start=read.flag("MIGRATE_ON_START", default=True),
        bin_directory=Path(bin_directory).absolute() if bin_directory else None,
        behind_pgbouncer=read.flag("DATABASE_PGBOUNCER", default=False),
    )


def _server_settings(read: _Reader) -> ServerSettings:
    port = read.whole("PORT", 8000, 1, 65535)
    return ServerSettings(
        host=read.address("HOST", "127.0.0.1"),
        port=port,
        workers=read.whole("WORKERS", 1, 1, 64),
        public_url=read.web_address("PUBLIC_URL", f"http://localhost:{port}"),
        frontend_url=read.web_address("FRONTEND_URL", "http://localhost:3000"),
        cors_origins=read.origins("CORS_ORIGINS", "http://localhost:3000,http://localhost:3001"),
        allowed_hosts=read.items("ALLOWED_HOSTS", ""),
        trusted_proxy_hops=read.whole("TRUSTED_PROXY_HOPS", 0, 0, 10),
        environment=read.text("ENVIRONMENT", "development"),
        metrics_token=read.text("METRICS_TOKEN", ""),
        log_level=read.choice("LOG_LEVEL", ("debug", "info", "warning", "error"), "info"),
    )


def _pool_size(workers: int) -> int:
    """Five connections a core keep PostgreSQL busy; the workers share them, five each at least."""
    cores = os.cpu_count() or 1
    return max(5, min(40, max(10, 5 * cores) // workers))


class _Reader:
    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ

    def text(self, name: str, default: str) -> str:
        return self._environ.get(name, "").strip() or default

    def items(self, name: str, default: str) -> tuple[str, ...]:
        parts = (part.strip().rstrip("/") for part in self.text(name, default).split(","))
        return tuple(part for part in parts if part)

    def database_url(self, name: str) -> str:
        # Other tools name their driver: `postgresql+asyncpg://`.
        url = re.sub(r"^postgres(?:ql)?\+\w+://", "postgresql://", self.text(name, ""))
        if url and not re.match(r"postgres(ql)?://", url):
            raise SettingsError(  # without its value, which may hold a password
                f"{name} must begin with postgresql://, as in postgresql://user:password@host/name."
            )
        return url

    def web_address(self, name: str, default: str) -> str:
        value = self.text(name, default).rstrip("/")
        if not re.fullmatch(r"https?://[^\s/?#@]+(/[^\s?#]*)?", value):
            raise SettingsError(
                f"{name} must be an address such as https://learn.example, not {value!r}."
            )
        return value

    def origins(self, name: str, default: str) -> tuple[str, ...]:
        values = self.items(name, default)
        for value in values:
            if value != "*" and not re.fullmatch(r"https?://[^\s/?#@*]+", value):
                raise SettingsError(
                    f"{name} must be origins such as https://learn.example, not {value!r}."
                )
        return values

    def address(self, name: str, default: str) -> str:
        value = self.text(name, default)
        try:
            return str(ip_address("127.0.0.1" if value == "localhost" else value))
        except ValueError:
            raise SettingsError(
                f"{name} must be an IP address or localhost, not {value!r}."
            ) from None

    def choice(self, name: str, choices: tuple[str, ...], default: str) -> str:
        value = self.text(name, default).lower()
        if value not in choices:
            raise SettingsError(f"{name} must be one of {', '.join(choices)}, not {value!r}.")
        return value

    def flag(self, name: str, *, default: bool) -> bool:
        return self.choice(name, ("true", "false"), str(default).lower()) == "true"

    def whole(self, name: str, default: int, lowest: int, highest: int) -> int:
        value = self.text(name, str(default))
        if not re.fullmatch(r"\d{1,9}", value) or not lowest <= int(value) <= highest:
            raise SettingsError(
                f"{name} must be a whole number from {lowest} to {highest}, not {value!r}."
            )
        return int(value)


def _secret_source(read: _Reader, data_directory: Path, *, embedded: bool) -> Callable[[str], str]:
    def secret(name: str) -> str:
        value = read.text(name, "")
        if not value and embedded:
            return _kept_secret(data_directory / "secrets" / name.lower())
        if not value:
            raise SettingsError(
                f"{name} is not set: give it at least {MIN_SECRET_LENGTH} random characters, "
                "for example from `openssl rand -hex 32`."
            )
        if len(value) < MIN_SECRET_LENGTH or KNOWN_SECRETS.search(value):
            raise SettingsError(
                f"{name} is too short or too well known: give it at least {MIN_SECRET_LENGTH} "
                "random characters, for example from `openssl rand -hex 32`."
            )
        return value

    return secret


def _require_different_secrets(read: _Reader) -> None:
    """One secret for two purposes would let what is signed for the one pass for the other."""
    first_with: dict[str, str] = {}
    for name in SECRETS:
        value = read.text(name, "")
        if value and first_with.setdefault(value, name) != name:
            raise SettingsError(
                f"{name} is the same as {first_with[value]}: give it random characters of its own."
            )


def _kept_secret(path: Path) -> str:
    """Read the secret kept in `path`; make it, readable by its owner alone, when it is missing."""
    try:
        return _read_or_make_secret(path)
    except OSError as error:
        raise SettingsError(
            f"AIBC_DATA_DIR must be a directory that this user may write, and {path.parents[1]} is "
            f"not: {error.strerror}."
        ) from None


def _read_or_make_secret(path: Path) -> str:
    """The file appears whole or not at all.

    Of several processes that start at once the first one's secret stands, and all read the same.
    """
    for directory in (path.parents[1], path.parent):
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not path.exists():
        descriptor, draft = tempfile.mkstemp(dir=path.parent)  # 0600
        try:
            with os.fdopen(descriptor, "w", encoding="ascii") as file:
                file.write(secrets.token_hex(32))
                file.flush()
                os.fsync(descriptor)
            with suppress(FileExistsError):
                os.link(draft, path)
        finally:
            Path(draft).unlink()
    return path.read_text(encoding="ascii").strip()
