"""Settings: one module, read from the environment, checked at start (see timebank/checks.py).

A clone runs with no variable set: one process, SQLite, mail in files, everything it makes in
``var/``. Production (``PRODUCTION=1``) does not start without its secrets. docs/operations.md
lists every variable.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import socket
import sys
import tempfile
import zoneinfo
from collections.abc import Collection
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

import environ
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

from timebank.sqlite import connection_class  # also for tools that import the settings without manage.py

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()


def _whole(name: str, *, default: int, least: int | None = None, most: int | None = None) -> int:
    try:
        number = int(env(name, default=str(default)))
    except ValueError:
        raise ImproperlyConfigured(f"{name} must be a whole number, not {env(name)!r}.") from None
    if least is not None and number < least:
        raise ImproperlyConfigured(f"{name} must be {least} or more, not {number}.")
    if most is not None and number > most:
        raise ImproperlyConfigured(f"{name} must be {most} or less, not {number}.")
    return number


def _yes_or_no(name: str, *, default: bool) -> bool:
    """Set to nothing is as good as not set; "banana" is no answer."""
    answer = env(name, default="").strip().lower()
    if answer not in {"", "1", "true", "yes", "on", "0", "false", "no", "off"}:
        raise ImproperlyConfigured(
            f"{name} must be 1 or 0 (or yes or no, true or false, on or off), not {env(name)!r}."
        )
    return answer in {"1", "true", "yes", "on"} if answer else default


def _one_of(name: str, choices: Collection[str], *, default: str) -> str:
    said = env(name, default=default)
    if said not in choices:
        raise ImproperlyConfigured(f"{name} must be one of {', '.join(choices)}, not {said!r}.")
    return said


def _address(name: str, schemes: Collection[str]) -> str:
    """An address of another server, or nothing. It may hold a password, so that it is never repeated."""
    said = env(name, default="")
    if said and not said.startswith(tuple(f"{scheme}://" for scheme in schemes)):
        raise ImproperlyConfigured(f"{name} must begin with {' or '.join(f'{scheme}://' for scheme in schemes)}.")
    return said


def _folder(name: str, *, default: Path) -> Path:
    path = Path(env(name, default=str(default))).resolve()
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ImproperlyConfigured(f"{name} must be a folder, not {str(path)!r} ({error.strerror}).") from None
    return path


TESTING = "pytest" in sys.modules
if TESTING:
    os.environ.setdefault("VAR_DIR", tempfile.mkdtemp(prefix="timebank-test-"))  # removed by tests/conftest.py
VAR_DIR = _folder("VAR_DIR", default=BASE_DIR / "var")
env.read_env(str(VAR_DIR / "settings.env"))  # what `manage.py setup` was told; the environment wins

PRODUCTION = _yes_or_no("PRODUCTION", default=False)
DEBUG = _yes_or_no("DEBUG", default=False)


def _kept_secret(name: str) -> str:
    """A secret from the environment; outside production one is made once and kept in var/."""
    if value := env(name, default=""):
        return value
    if PRODUCTION:
        raise ImproperlyConfigured(f"{name} must be set in production.")
    try:
        return _read_or_made(VAR_DIR / "secrets" / name.lower())
    except OSError as error:
        raise ImproperlyConfigured(f"VAR_DIR, {VAR_DIR}, cannot be used: {error.strerror}.") from None


def _read_or_made(path: Path) -> str:
    try:
        return path.read_text()
    except FileNotFoundError:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            path.touch(mode=0o600, exist_ok=False)
            path.write_text(secrets.token_urlsafe(48))
        except FileExistsError:
            pass  # another process was first
        return path.read_text()


SECRET_KEY = _kept_secret("SECRET_KEY")
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])

# --- Where the site is reached ---------------------------------------------------------------
HOST = env("HOST", default="127.0.0.1")
PORT = _whole("PORT", default=8000, least=1, most=65535)


def _own_address() -> str:
    """This machine's address on its network; no packet is sent to find it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
            return str(probe.getsockname()[0])
        except OSError:
            return "127.0.0.1"


_reached_at = _own_address() if HOST in {"0.0.0.0", "::"} else HOST  # noqa: S104
_reached_at = f"[{_reached_at}]" if ":" in _reached_at else _reached_at
SITE_URL = env("SITE_URL", default="" if PRODUCTION else f"http://{_reached_at}:{PORT}").rstrip("/")
if not SITE_URL:
    raise ImproperlyConfigured("SITE_URL must be set in production, such as https://hours.example.org")


def _parts_of_site() -> SplitResult:
    with suppress(ValueError):  # brackets that do not close, a port that is no number
        site = urlsplit(SITE_URL)
        if site.scheme in {"http", "https"} and site.hostname and site.port != 0:
            return site
    raise ImproperlyConfigured(f"SITE_URL must be an address such as https://hours.example.org, not {SITE_URL!r}.")


_site = _parts_of_site()
ALLOWED_HOSTS = env.list(
    "ALLOWED_HOSTS",
    default=[_site.hostname] if PRODUCTION else ["localhost", "127.0.0.1", "[::1]", _site.hostname],
)
CSRF_TRUSTED_ORIGINS = [SITE_URL]
BEHIND_PROXY = _yes_or_no("BEHIND_PROXY", default=False)  # only then X-Forwarded-* are believed

# --- The community ---------------------------------------------------------------------------
COMMUNITY_NAME = env("COMMUNITY_NAME", default="Vila Esperança")
JOINING = env("JOINING", default="open")  # open: a member on verified e-mail; approved: by a coordinator
STARTING_GRANT_MINUTES = _whole("STARTING_GRANT_MINUTES", default=240)
FUND_BUDGET_HOURS = _whole("FUND_BUDGET_HOURS", default=1_000_000)
MEMBER_CREDIT_LIMIT_MINUTES = _whole("MEMBER_CREDIT_LIMIT_MINUTES", default=0)
# 0: never. Help makes minutes lasting, or gives them another while; gifts hand on what they have left.
GRANTED_HOURS_EXPIRE_DAYS = _whole("GRANTED_HOURS_EXPIRE_DAYS", default=365, least=0)
EARNED_HOURS_EXPIRE_DAYS = _whole("EARNED_HOURS_EXPIRE_DAYS", default=0, least=0)
# Beyond it, what a coordinator gives or writes off for one member within a month waits for a second one's yes.
REQUEST_LIFE_MINUTES = _whole("REQUEST_LIFE_MINUTES", default=30, least=1, most=7 * 24 * 60)  # of a code to be paid by
REFUND_WITHIN_DAYS = _whole("REFUND_WITHIN_DAYS", default=90, least=0)  # after a code was paid
STAFF_ALONE_UP_TO_HOURS = _whole("STAFF_ALONE_UP_TO_HOURS", default=10, least=0)
DAY_MINUTES = _whole("DAY_MINUTES", default=480)
TERMS_VERSION = "2026-11"
PRIVACY_VERSION = "2026-11"

# How long each step of an exchange may take (marketplace/rules.py); both keep what was in force when they agreed.
ANSWER_WITHIN_DAYS = _whole("ANSWER_WITHIN_DAYS", default=7)  # a proposal
START_WITHIN_DAYS = _whole("START_WITHIN_DAYS", default=30)  # what was agreed without a date
DELIVER_WITHIN_DAYS = _whole("DELIVER_WITHIN_DAYS", default=14)  # after its date, or its start
CONFIRM_WITHIN_DAYS = _whole("CONFIRM_WITHIN_DAYS", default=3)  # then silence means yes
DISPUTE_WITHIN_DAYS = _whole("DISPUTE_WITHIN_DAYS", default=14)  # after completion
RULE_WITHIN_DAYS = _whole("RULE_WITHIN_DAYS", default=30)  # then the hours go back
REVIEW_WITHIN_DAYS = _whole("REVIEW_WITHIN_DAYS", default=14)
CANCEL_NOTICE_HOURS = _whole("CANCEL_NOTICE_HOURS", default=24)
LATE_CANCEL_SHARE_PERCENT = _whole("LATE_CANCEL_SHARE_PERCENT", default=0)  # of the hours, to a provider told too late

# --- Apps ------------------------------------------------------------------------------------
INSTALLED_APPS = [
    "unfold.apps.BasicAppConfig",
    "timebank.admin_app.StaffSiteConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "allauth.headless",
    "channels",
    "django_htmx",
    "timebank",
    "timebank.jobs",
    "rest_framework",
    "drf_spectacular",
    "timebank.rest",
    "notifications",
    "ledger",
    "accounts",
    "marketplace",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "timebank.middleware.content_security_policy",
    "timebank.middleware.deadline",
    "timebank.middleware.bad_input",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "notifications.middleware.note_what_is_seen",
    "accounts.middleware.member_preferences",
    "accounts.middleware.staff_need_mfa",
    "django.contrib.messages.middleware.MessageMiddleware",
    "accounts.middleware.say_that_the_session_ended",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "allauth.usersessions.middleware.UserSessionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "timebank.middleware.personal_pages_are_not_stored",
    "timebank.rest.middleware.conditional_reads",
    "timebank.rest.middleware.allowed_methods",
]

ROOT_URLCONF = "timebank.urls"
WSGI_APPLICATION = "timebank.wsgi.application"
ASGI_APPLICATION = "timebank.asgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "timebank.context.site",
                "notifications.context.unread",
            ],
            "builtins": ["django.templatetags.i18n", "django.templatetags.static", "timebank.templatetags.timebank"],
        },
    }
]

# --- Database --------------------------------------------------------------------------------
DATABASE_URL = _address("DATABASE_URL", ("postgres", "postgresql", "sqlite"))
if DATABASE_URL:
    try:
        DATABASES = {"default": env.db_url("DATABASE_URL")}
    except ValueError:
        DATABASES = {"default": {"NAME": ""}}
    if DATABASES["default"]["NAME"] in {"", ":memory:"}:  # in memory, each thread would have one of its own
        raise ImproperlyConfigured("DATABASE_URL must look like postgres://user:password@host:5432/name.")
else:
    DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": VAR_DIR / "timebank.sqlite3"}}
SQLITE_BUSY_TIMEOUT_SECONDS = 5
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    DATABASES["default"]["OPTIONS"] = {
        "timeout": SQLITE_BUSY_TIMEOUT_SECONDS,
        "transaction_mode": "IMMEDIATE",
        "factory": connection_class(),
        # pysqlite3 keeps the most used statements prepared, and once its list is full a new one never stays
        # in it: with the usual 100, every statement of a payment is prepared anew each time (half its cost).
        "cached_statements": 500,
        "init_command": (
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;"
            "PRAGMA cache_size=-20000; PRAGMA mmap_size=134217728; PRAGMA temp_store=MEMORY;"
            # A page is copied from the log into the database's file once for all commits since the last copying, and
            # payments touch few pages again and again: with the usual 1,000 the copying cost as much as posting.
            "PRAGMA wal_autocheckpoint=8000; PRAGMA journal_size_limit=67108864; PRAGMA recursive_triggers=ON;"
        ),
    }
else:
    DATABASES["default"]["OPTIONS"] = {
        **DATABASES["default"].get("OPTIONS", {}),  # what the address itself asks for, such as ?sslmode=require
        "options": "-c lock_timeout=2000 -c idle_in_transaction_session_timeout=60000",
    }
if TESTING:  # a file, so that threads and processes of one test see one database; a name of its own on a server
    _test_name = VAR_DIR / "test.sqlite3" if not DATABASE_URL else f"test_timebank_{os.getpid()}"
    DATABASES["default"]["TEST"] = {"NAME": str(_test_name)}
DATABASES["default"]["CONN_MAX_AGE"] = 600
DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
ALLOW_AFFECTED_SQLITE = _yes_or_no("ALLOW_AFFECTED_SQLITE", default=False)

# --- Queues, cache, live updates ---------------------------------------------------------------
BROKER_URL = env("BROKER_URL", default="")
REDIS_URL = _address("REDIS_URL", ("redis", "rediss", "unix"))
EMBEDDED = not BROKER_URL  # one process holds the web server, the worker, beat and the relay
QUEUE_WORKERS = _whole("QUEUE_WORKERS", default=2, least=1)  # threads of the one process, processes of a worker
WEB_WORKERS = _whole("WEB_WORKERS", default=1, least=1)
JOB_TRIES = 8  # then a job is dead, shown in the admin
JOB_SLOW_LEASE_SECONDS = _whole(
    "JOB_SLOW_LEASE_SECONDS", default=60, least=1
)  # after it another worker may try that mail
CLOSED_JOBS_KEPT_DAYS = _whole("CLOSED_JOBS_KEPT_DAYS", default=30, least=0)
FAILPOINT = env("FAILPOINT", default="")  # tests only: see timebank/failpoints.py
WEB_RETRY_DEADLINE_SECONDS = 8
WORKER_RETRY_DEADLINE_SECONDS = 30

if REDIS_URL:
    CACHES = {"default": {"BACKEND": "timebank.cache.RedisOrMiss", "LOCATION": REDIS_URL, "KEY_PREFIX": "timebank"}}
    CHANNEL_LAYERS = {
        "default": {
            "BACKEND": "channels_redis.core.RedisChannelLayer",
            # redis-py 8 ends idle sockets after five seconds unless told not to (channels_redis #422).
            "CONFIG": {
                "hosts": [{"address": REDIS_URL, "socket_timeout": None}],
                "prefix": "timebank",
                "capacity": 5000,
            },
        }
    }
else:
    # One process, one cache. Its usual 300 places would be too few: what is forgotten counts for nothing.
    CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
            "OPTIONS": {"MAX_ENTRIES": 50_000},  # type: ignore[dict-item]
        }
    }
    CHANNEL_LAYERS = {"default": {"BACKEND": "timebank.embedded.HomeLoopChannelLayer", "CONFIG": {"capacity": 5000}}}

# --- People, sign-in ---------------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.Member"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "dashboard"
LOGOUT_REDIRECT_URL = "landing"

ACCOUNT_ADAPTER = "accounts.adapter.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_FORMS = {
    "signup": "accounts.entrance_forms.SignupForm",
    "login": "accounts.entrance_forms.LoginForm",
    "reset_password": "accounts.entrance_forms.ResetPasswordForm",
    "reset_password_from_key": "accounts.entrance_forms.ResetPasswordKeyForm",
    "change_password": "accounts.entrance_forms.ChangePasswordForm",
    "set_password": "accounts.entrance_forms.SetPasswordForm",
    "add_email": "accounts.entrance_forms.AddEmailForm",
    "reauthenticate": "accounts.entrance_forms.ReauthenticateForm",
}
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_CONFIRM_EMAIL_ON_GET = False
ACCOUNT_LOGIN_ON_EMAIL_CONFIRMATION = True
ACCOUNT_CHANGE_EMAIL = True
ACCOUNT_MAX_EMAIL_ADDRESSES = 2
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = False
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_EMAIL_NOTIFICATIONS = True  # a changed password or address is told by mail
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_DEFAULT_HTTP_PROTOCOL = _site.scheme
RATE_LIMITS = _yes_or_no("RATE_LIMITS", default=True)  # off for measuring, where it is the machine that is asked


def _at_most(rates: str) -> str:
    return rates if RATE_LIMITS else ""


ACCOUNT_RATE_LIMITS = RATE_LIMITS and {
    "login": "30/m/ip",
    "login_failed": "10/m/ip,5/5m/key",
    "signup": "20/h/ip",
    "confirm_email": "5/10m/key",  # mails to one address; allauth's one in three minutes made our page promise too much
}
SEND_RATE_LIMIT = _at_most("30/m/user,200/d/user")
REQUEST_RATE_LIMIT = _at_most("60/h/user")  # codes to be paid by
GUESS_RATE_LIMIT = _at_most("10/10m/user")  # codes that are none
TOKEN_RATE_LIMIT = _at_most("30/m/ip")  # tokens that are none
PROPOSAL_RATE_LIMIT = _at_most("60/h/user")  # proposals and answers with other terms
MESSAGE_RATE_LIMIT = _at_most("120/h/user")  # messages, and statements in disputes
PING_RATE_LIMIT = _at_most("10/10m/user")  # test messages to programs
STATEMENT_FILE_RATE_LIMIT = _at_most("30/h/user")
MFA_ADAPTER = "accounts.adapter.MFAAdapter"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = COMMUNITY_NAME
MFA_ALLOW_UNVERIFIED_EMAIL = True  # else nobody with a second step could change her address
MFA_FORMS = {
    "authenticate": "accounts.second_step_forms.AuthenticateForm",
    "reauthenticate": "accounts.second_step_forms.ReauthenticateForm",
    "activate_totp": "accounts.second_step_forms.ActivateTOTPForm",
}
# Apps come in by allauth's headless calls (accounts/api_entrance.py). Each of their tokens is of a session, which is
# looked up with every call: once it is ended, or its member suspended, the app is out.
HEADLESS_ADAPTER = "accounts.adapter.HeadlessAdapter"
HEADLESS_CLIENTS = ("app",)
HEADLESS_TOKEN_STRATEGY = "allauth.headless.tokens.strategies.jwt.JWTTokenStrategy"  # noqa: S105
HEADLESS_JWT_ALGORITHM = "HS256"
HEADLESS_JWT_PRIVATE_KEY = hashlib.sha256(b"access tokens:" + SECRET_KEY.encode()).hexdigest()
HEADLESS_JWT_STATEFUL_VALIDATION_ENABLED = True
HEADLESS_JWT_ACCESS_TOKEN_EXPIRES_IN = 300
HEADLESS_JWT_REFRESH_TOKEN_EXPIRES_IN = int(timedelta(days=14).total_seconds())  # as long as a session
USERSESSIONS_TRACK_ACTIVITY = False  # it would write on every page, and wait for the write lock
STAFF_NEED_MFA = _yes_or_no("STAFF_NEED_MFA", default=True)
# The demo's staff (timebank/demo) sign in without a second step: never in production, never on queues of its own.
DEMO_STAFF_EMAILS = () if PRODUCTION or not EMBEDDED else ("lourdes@vila.example", "daniel@vila.example")

SESSION_ENGINE = "timebank.sessions"
SESSION_COOKIE_AGE = int(timedelta(days=14).total_seconds())
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"

# --- Mail --------------------------------------------------------------------------------------
# Mail is written to a row and sent by a job (notifications.letters); MAIL_BACKEND does the sending.
EMAIL_BACKEND = "notifications.letters.QueuedBackend"
DEFAULT_FROM_EMAIL = env("DEFAULT_FROM_EMAIL", default=f"{COMMUNITY_NAME} <hours@{_site.hostname}>")
SERVER_EMAIL = DEFAULT_FROM_EMAIL
MAIL_DIR = VAR_DIR / "mail"
if env("EMAIL_URL", default=""):
    try:
        _mail = env.email_url("EMAIL_URL")
    except (ValueError, ImproperlyConfigured):
        raise ImproperlyConfigured("EMAIL_URL must look like smtp+tls://user:password@mail.example.org:587.") from None
    MAIL_BACKEND = _mail.pop("EMAIL_BACKEND")
    EMAIL_HOST, EMAIL_PORT = _mail.get("EMAIL_HOST"), _mail.get("EMAIL_PORT")
    EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = _mail.get("EMAIL_HOST_USER"), _mail.get("EMAIL_HOST_PASSWORD")
    EMAIL_USE_TLS, EMAIL_USE_SSL = _mail.get("EMAIL_USE_TLS", False), _mail.get("EMAIL_USE_SSL", False)
else:
    MAIL_BACKEND = "notifications.letters.FileAndConsoleBackend"
EMAIL_TIMEOUT = 20

# --- Words, time -------------------------------------------------------------------------------
LANGUAGES = [("en", _("English")), ("pt-br", _("Brazilian Portuguese"))]
# of pages for strangers whose browser asks for neither
LANGUAGE_CODE = _one_of("COMMUNITY_LANGUAGE", dict(LANGUAGES), default="en")
LOCALE_PATHS = [BASE_DIR / "locale"]
FORMAT_MODULE_PATH = "timebank.formats"
USE_I18N = True
USE_TZ = True
TIME_ZONE = env("TIME_ZONE", default="America/Sao_Paulo")
if TIME_ZONE not in zoneinfo.available_timezones():
    raise ImproperlyConfigured(f"TIME_ZONE must be a name such as America/Sao_Paulo, not {TIME_ZONE!r}.")

# What members' programs are told is posted out into the world only; on a network of one's own it may stay there.
WEBHOOKS_MAY_REACH_PRIVATE = _yes_or_no("WEBHOOKS_MAY_REACH_PRIVATE", default=False)

# --- Files -------------------------------------------------------------------------------------
STATIC_URL = "/static/"
STATIC_ROOT = VAR_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
MEDIA_ROOT = VAR_DIR / "media"
MEDIA_URL = "/media/"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG or TESTING
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = DEBUG or TESTING
WHITENOISE_AUTOREFRESH = DEBUG or TESTING
FILE_UPLOAD_PERMISSIONS = 0o640
DATA_UPLOAD_MAX_MEMORY_SIZE = 1_000_000
DATA_UPLOAD_MAX_NUMBER_FIELDS = 200

# --- What the browser may do --------------------------------------------------------------------
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF],
        "font-src": [SELF],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        "form-action": [SELF],
        "object-src": [NONE],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
if PRODUCTION:
    SECURE_SSL_REDIRECT = _yes_or_no("SSL_REDIRECT", default=True)
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if BEHIND_PROXY else None
    SECURE_HSTS_SECONDS = int(timedelta(days=365).total_seconds())
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = True
    SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = "__Host-sessionid", "__Host-csrftoken"

# --- Log ---------------------------------------------------------------------------------------
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
    "filters": {"refused": {"()": "timebank.logs.Refused"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["refused"]}},
    "root": {"handlers": ["console"], "level": _one_of("LOG_LEVEL", LOG_LEVELS, default="WARNING")},
    "loggers": {
        "django": {"handlers": []},  # its own would say all of it once more where DEBUG is on
        "timebank": {"level": _one_of("LOG_LEVEL", LOG_LEVELS, default="INFO")},
        "uvicorn.error": {"level": "WARNING"},
    },
}

# --- The staff's site (django-unfold); its colours are in static/css/admin.css ----------------------
UNFOLD = {
    "SITE_TITLE": COMMUNITY_NAME,
    "SITE_HEADER": COMMUNITY_NAME,
    "SITE_SUBHEADER": _("Staff"),
    "SITE_URL": "/home/",
    "SITE_ICON": "timebank.admin_site.logo",
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": "timebank.admin_site.logo"}],
    "SHOW_HISTORY": False,
    "SHOW_VIEW_ON_SITE": True,
    "SHOW_BACK_BUTTON": True,
    "STYLES": ["timebank.admin_site.stylesheet"],
    "SCRIPTS": ["timebank.admin_site.script"],
    "DASHBOARD_CALLBACK": "timebank.admin_site.front_page",
    "ACCOUNT": {"navigation": "timebank.admin_site.account_links"},
    "SIDEBAR": {"show_search": False, "navigation": "timebank.admin_site.sidebar"},
}

# --- The API -------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["accounts.tokens.BySession", "accounts.tokens.ByToken"],
    "DEFAULT_PERMISSION_CLASSES": ["timebank.rest.access.Scoped"],
    "DEFAULT_PARSER_CLASSES": ["timebank.rest.parsing.StrictJSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["timebank.rest.problems.ProblemRenderer"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "timebank.rest.negotiation.AlwaysJSON",
    "DEFAULT_METADATA_CLASS": None,
    "URL_FORMAT_OVERRIDE": None,
    "DEFAULT_PAGINATION_CLASS": "timebank.rest.pages.Pages",
    "DEFAULT_FILTER_BACKENDS": ["timebank.rest.filters.Chosen"],
    "DEFAULT_SCHEMA_CLASS": "timebank.rest.schema.Schema",
    "DEFAULT_THROTTLE_CLASSES": ["timebank.rest.pace.ByMember"],
    "EXCEPTION_HANDLER": "timebank.rest.problems.answer",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
    "COERCE_DECIMAL_TO_STRING": False,
}
API_RATE_LIMIT = _at_most("120/m/user")
SPECTACULAR_SETTINGS = {
    "TITLE": "Timebank",
    "DESCRIPTION": "Everything a member can do on the site, for programs. All amounts are whole minutes.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "COMPONENT_SPLIT_REQUEST": True,
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "accounts.api_entrance_schema.add_calls",
    ],
    "SERVERS": [{"url": SITE_URL}],
    "APPEND_COMPONENTS": {"securitySchemes": {"access": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}}},
    "WEBHOOKS": ["notifications.api_events.EVENT", "notifications.api_events.PING"],
    "ENUM_NAME_OVERRIDES": {
        "PaymentKind": "ledger.models.Kind",
        "SentKind": [("help", "help"), ("gift", "gift")],
        "HoldState": "ledger.models.Hold.State",
        "AccountState": "ledger.models.Account.State",
        "MemberState": "accounts.models.Member.State",
        "RequestState": "ledger.models.PaymentRequest.State",
        "ListingKind": "marketplace.models.Listing.Kind",
        "ListingState": "marketplace.models.Listing.State",
        "ExchangeState": "marketplace.models.Exchange.State",
        "EvidenceKind": "marketplace.models.Evidence.Kind",
        "DisputeReason": "marketplace.models.Dispute.Reason",
        "DisputeOutcome": "marketplace.models.Dispute.Outcome",
        "EventType": "notifications.models.Event.Type",
    },
}
