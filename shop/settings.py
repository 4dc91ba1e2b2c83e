"""Settings of the whole project, read from the environment (.env.example says what there is).

Unset means the demo on this machine: SQLite and files under var/, an embedded Valkey, demo payment, a key that everybody
knows. It is production as soon as ALLOWED_HOSTS names a host that is not this machine (or PRODUCTION=1 says so), and then
it refuses to start with DEBUG, with a key that everybody knows, or with Stripe on and no webhook secret.
"""

import hashlib
import tempfile
from pathlib import Path

import environ
import oscar
import structlog
from cryptography.fernet import Fernet
from csp.constants import NONCE, NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from oscar.defaults import *

from shop.logs import without_tokens

env = environ.Env()

BASE_DIR = Path(__file__).resolve().parent.parent
VAR = BASE_DIR / "var"
if (BASE_DIR / ".env").exists():
    environ.Env.read_env(BASE_DIR / ".env")

# ── Where it runs ────────────────────────────────────────────────────────────────────────────────────────────────────

THIS_MACHINE = ["localhost", "127.0.0.1", "[::1]", "testserver"]
DEMO_SECRET_KEY = "demo-key-that-everybody-knows-and-production-refuses-0123456789"
SMS_CONSOLE = "shop.accounts.sms.console"
DEMO_PII_KEY = "ZGVtby1rZXktdGhhdC1ldmVyeWJvZHkta25vd3MtMDE="

DEBUG = env.bool("DEBUG", default=False)
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=THIS_MACHINE)
PRODUCTION = env.bool("PRODUCTION", default=not set(ALLOWED_HOSTS) <= set(THIS_MACHINE))
SECRET_KEY = env.str("SECRET_KEY", default="") or DEMO_SECRET_KEY
# Fernet keys for what households entrusted to us; the first encrypts, all decrypt (suppliers.base.privacy).
PII_KEYS = env.list("PII_KEYS", default=[]) or [DEMO_PII_KEY]
STRIPE_SECRET_KEY = env.str("STRIPE_SECRET_KEY", default="")
STRIPE_WEBHOOK_SECRET = env.str("STRIPE_WEBHOOK_SECRET", default="")
STRIPE_API_BASE = env.str("STRIPE_API_BASE", default="https://api.stripe.com")

for _key in PII_KEYS:
    try:
        Fernet(_key)
    except ValueError as wrong:
        raise ImproperlyConfigured("PII_KEYS holds a key that is not a Fernet key (44 signs, base64).") from wrong

if PRODUCTION:
    _missing = [
        reason
        for is_wrong, reason in [
            (DEBUG, "DEBUG is on"),
            (SECRET_KEY == DEMO_SECRET_KEY, "SECRET_KEY is not set"),
            (len(SECRET_KEY) < 50, "SECRET_KEY is shorter than 50 signs"),
            (DEMO_PII_KEY in PII_KEYS, "PII_KEYS is not set"),
            ("*" in ALLOWED_HOSTS, "ALLOWED_HOSTS allows every host"),
            (not env.str("DATABASE_URL", default=""), "DATABASE_URL is not set"),
            (STRIPE_SECRET_KEY and not STRIPE_WEBHOOK_SECRET, "Stripe is on and STRIPE_WEBHOOK_SECRET is not set"),
            (env.str("SMS_SENDER", default="") == SMS_CONSOLE, "SMS_SENDER prints codes"),
        ]
        if is_wrong
    ]
    if _missing:
        raise ImproperlyConfigured("Production does not start like this: " + "; ".join(_missing) + ".")

# ── Apps ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

FORKED = {
    f"oscar.apps.{app}.apps.{app.title()}Config": f"shop.{app}.apps.{app.title()}Config"
    for app in (
        "address",
        "basket",
        "catalogue",
        "checkout",
        "customer",
        "dashboard",
        "order",
        "partner",
        "search",
        "shipping",
    )
} | {"oscar.apps.analytics.apps.AnalyticsConfig": "shop.analytics.AnalyticsConfig"}

# django.contrib.admin is left out: county staff have Oscar's dashboard, everybody else pages of their own.
INSTALLED_APPS = [
    "shop.apps.ShopConfig",
    "logistics.apps.LogisticsConfig",
    "suppliers.apps.SuppliersConfig",
    "shop.accounts.apps.AccountsConfig",
    "shop.payments.apps.PaymentsConfig",
    "shop.aftersales.apps.AftersalesConfig",
    "shop.preorders.apps.PreordersConfig",
    "shop.sourcing.apps.SourcingConfig",
    "shop.together.apps.TogetherConfig",
    "shop.listing.apps.ListingConfig",
    *(FORKED.get(app, app) for app in oscar.INSTALLED_APPS if app != "django.contrib.admin"),
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "auditlog",
    "csp",
    "django_htmx",
    "django_prometheus",
    "django_structlog",
    "phonenumber_field",
    "sorl.thumbnail",
]
# Behaviour-only forks keep Oscar's migrations. address and order have their own, which include Oscar's.
MIGRATION_MODULES = {
    app: f"oscar.apps.{app}.migrations" for app in ("basket", "catalogue", "customer", "partner", "shipping")
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
SITE_ID = 1

MIDDLEWARE = [
    "django_prometheus.middleware.PrometheusBeforeMiddleware",
    "django.middleware.security.SecurityMiddleware",
    # A page that is ready made needs nothing of what follows.
    "shop.catalogue.pages.ready_made",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django_structlog.middlewares.RequestMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "shop.middleware.refuse_floods",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "auditlog.middleware.AuditlogMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "shop.basket.middleware.BasketMiddleware",
    "shop.middleware.refuse_nul",
    "django_prometheus.middleware.PrometheusAfterMiddleware",
]

ROOT_URLCONF = "shop.urls"
WSGI_APPLICATION = "shop.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "libraries": {"lucide": "shop.templatetags.icons"},
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "oscar.core.context_processors.metadata",
                "oscar.apps.checkout.context_processors.checkout",
                "csp.context_processors.nonce",
                "shop.context_processors.shop",
            ],
        },
    }
]

# ── Database, cache, work in the background ──────────────────────────────────────────────────────────────────────────

DATABASES = {"default": env.db_url("DATABASE_URL", default=f"sqlite:///{VAR}/demo.sqlite3")}
_database = DATABASES["default"]
# Opening a connection costs more than a page: they are kept, and looked at before use.
_database |= {"CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True, "ATOMIC_REQUESTS": False}
if _database["ENGINE"].endswith("sqlite3"):
    VAR.mkdir(exist_ok=True)
    # A writer takes its lock at the start and waits for it: two writers queue and neither fails.
    _database["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL",
    }
    # A shared in-memory database knows no WAL and is gone with its last connection.
    _database["TEST"] = {"NAME": VAR / "test.sqlite3"}

# Each process keeps its own small cache: it needs no Redis, which may be down while buyers buy. What must be shared
# between processes is in the database, and what is cached carries a version in its key (so nothing has to be told).
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        "TIMEOUT": 300,
        "OPTIONS": {"MAX_ENTRIES": 2000},
    },
    # Ready pages (shop/catalogue/pages.py), some 30 to 50 kB each. There is no end of searches: they have a place of their own.
    "pages": {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        "LOCATION": "pages",
        "OPTIONS": {"MAX_ENTRIES": 400},
    },
    "products": {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        "LOCATION": "products",
        "OPTIONS": {"MAX_ENTRIES": 1000},
    },
    "searches": {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        "LOCATION": "searches",
        "OPTIONS": {"MAX_ENTRIES": 500},
    },
}
SESSION_ENGINE = "shop.accounts.sessions"
SESSION_COOKIE_AGE = 30 * 24 * 3600
MESSAGE_STORAGE = "django.contrib.messages.storage.fallback.FallbackStorage"

# The path of a socket is at most some hundred signs long.
VALKEY_SOCKET = VAR / "valkey.sock"
if len(str(VALKEY_SOCKET)) > 100:
    VALKEY_SOCKET = (
        Path(tempfile.gettempdir()) / f"wuxi-direct-{hashlib.sha256(str(VAR).encode()).hexdigest()[:12]}.sock"
    )
REDIS_URL = env.str("REDIS_URL", default="") or f"redis+socket://{VALKEY_SOCKET}"

CELERY_BROKER_URL = REDIS_URL
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "socket_connect_timeout": 2,
    "socket_timeout": 30,
    "socket_keepalive": True,
    # A message whose worker was killed comes back after this; the sweep does not wait for it.
    "visibility_timeout": 600,
}
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_PUBLISH_RETRY = False
CELERY_TASK_SOFT_TIME_LIMIT, CELERY_TASK_TIME_LIMIT = 540, 570
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_SEND_TASK_EVENTS = False
CELERY_TIMEZONE = "Asia/Shanghai"
# Task by task, how many seconds lie between its runs. One that is still waiting when the next is due is dropped.
PERIODIC = {"shop.tasks.sweep": 60}
CELERY_BEAT_SCHEDULE = {
    task: {"task": task, "schedule": seconds, "options": {"expires": seconds}} for task, seconds in PERIODIC.items()
}
CELERY_BEAT_SCHEDULE_FILENAME = str(VAR / "celerybeat-schedule")

# ── People ───────────────────────────────────────────────────────────────────────────────────────────────────────────

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = ACCOUNT_LOGOUT_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "shop.accounts.adapter.Adapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
# Nothing hangs on the address but mail about one's own orders, so a mail that cannot be sent keeps nobody out.
ACCOUNT_EMAIL_VERIFICATION = "optional"
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https" if PRODUCTION else "http"
# What is guessed at is counted in the database (shop.accounts.adapter, .forms): allauth's count is each process's own.
ACCOUNT_RATE_LIMITS = {"login_failed": None}
MFA_FORMS = {
    "authenticate": "shop.accounts.forms.SecondFactorForm",
    "reauthenticate": "shop.accounts.forms.SecondFactorAgainForm",
}
MFA_TOTP_ISSUER = "巫溪直达"
PHONENUMBER_DEFAULT_REGION = "CN"
# A function that sends a code to a mobile number (shop.accounts.sms). Production without one offers e-mail alone.
SMS_SENDER = env.str("SMS_SENDER", default="") or ("" if PRODUCTION else SMS_CONSOLE)
# How many proxies stand before it, each of which adds where a request came from: limits count by that address.
ALLAUTH_TRUSTED_PROXY_COUNT = env.int("TRUSTED_PROXIES", default=1 if PRODUCTION else 0)
# Who erased his account may still complain about what he bought: so long its address stays with an order.
ERASED_ADDRESSES_KEPT_DAYS = env.int("ERASED_ADDRESSES_KEPT_DAYS", default=90)

EMAIL_CONFIG = env.email_url("EMAIL_URL", default=f"filemail:///{VAR}/mail")
vars().update(EMAIL_CONFIG)
DEFAULT_FROM_EMAIL = OSCAR_FROM_EMAIL = env.str("FROM_EMAIL", default="巫溪直达 <noreply@demo.example>")
EMAIL_TIMEOUT = 5

# ── Language and time ────────────────────────────────────────────────────────────────────────────────────────────────

# zh-hans, not zh-cn: of Oscar's strings the one is nearly complete, the other nearly empty.
LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", "简体中文"), ("en", "English")]
LOCALE_PATHS = [BASE_DIR / "shop" / "locale"]
TIME_ZONE = "Asia/Shanghai"
USE_I18N = True
USE_TZ = True
USE_THOUSAND_SEPARATOR = False

# ── Files ────────────────────────────────────────────────────────────────────────────────────────────────────────────

STATIC_URL = "/static/"
STATIC_ROOT = VAR / "static"
MEDIA_URL = "/media/"
MEDIA_ROOT = VAR / "media"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    # Hashed names, so that a browser may keep a file for ever.
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
WHITENOISE_KEEP_ONLY_HASHED_FILES = True
DATA_UPLOAD_MAX_MEMORY_SIZE = FILE_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024

# ── Security ─────────────────────────────────────────────────────────────────────────────────────────────────────────

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF, NONCE],
        "style-src": [SELF, NONCE],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [SELF],
        # The payment form ends in a redirect to Stripe's page, and browsers hold redirects to this too.
        "form-action": [SELF, "https://checkout.stripe.com"],
        "frame-ancestors": [NONE],
    }
}
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
if PRODUCTION:
    # It runs behind a proxy that speaks HTTPS and sets this header itself (README).
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_SSL_REDIRECT = True
    SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^metrics$"]
    SECURE_HSTS_SECONDS = 365 * 24 * 3600
    SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = True
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = OSCAR_BASKET_COOKIE_SECURE = True
    CSRF_TRUSTED_ORIGINS = [
        f"https://{host.replace('.', '*.', 1) if host.startswith('.') else host}" for host in ALLOWED_HOSTS
    ]

# ── Logs ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

_log_steps = [
    without_tokens,
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=False),
]
structlog.configure(
    processors=[
        structlog.stdlib.filter_by_level,
        *_log_steps,
        structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
    ],
    logger_factory=structlog.stdlib.LoggerFactory(),
    cache_logger_on_first_use=True,
)
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "()": structlog.stdlib.ProcessorFormatter,
            "foreign_pre_chain": _log_steps,
            "processors": [
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *(
                    [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(ensure_ascii=False)]
                    if PRODUCTION
                    # Not its pretty tracebacks: they print every local variable, and those are people's.
                    else [
                        structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
                    ]
                ),
            ],
        }
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": "INFO" if PRODUCTION else "WARNING"},
    "loggers": {
        # Handled by the root, once.
        "django": {"handlers": [], "propagate": True},
        "django.server": {"handlers": [], "propagate": True},
    },
}

# ── Oscar ────────────────────────────────────────────────────────────────────────────────────────────────────────────

# Who runs it, as the law wants it said on every page (亮照, 备案), and how to reach them. Unset, the pages say so.
SHOP_OPERATOR = env.str("SHOP_OPERATOR", default="")
SHOP_LICENCE = env.str("SHOP_LICENCE", default="")
SHOP_ICP = env.str("SHOP_ICP", default="")
SHOP_CONTACT = {
    "phone": env.str("SHOP_PHONE", default=""),
    "wechat": env.str("SHOP_WECHAT", default=""),
    "email": env.str("SHOP_EMAIL", default=""),
    "hours": env.str("SHOP_HOURS", default=""),
}

OSCAR_SHOP_NAME = "巫溪直达"
OSCAR_SHOP_TAGLINE = ""
OSCAR_HOMEPAGE = "/"
OSCAR_DEFAULT_CURRENCY = "CNY"
OSCAR_URL_SCHEMA = "https" if PRODUCTION else "http"
OSCAR_SLUG_FUNCTION = "shop.catalogue.slugs.slug"
OSCAR_ALLOW_ANON_CHECKOUT = True
OSCAR_ALLOW_GUEST_CHECKOUT_WITH_ACCOUNT = True
OSCAR_REQUIRED_ADDRESS_FIELDS = ("first_name", "line1", "line3", "line4", "state", "country")
OSCAR_MAX_BASKET_QUANTITY_THRESHOLD = 99_999
# With any other setting than this the sums of Oscar's offers lose fen.
OSCAR_OFFERS_INCL_TAX = False
OSCAR_HIDDEN_FEATURES = ["reviews", "wishlists"]
OSCAR_EAGER_ALERTS = False
OSCAR_SEND_REGISTRATION_EMAIL = False
OSCAR_SAVE_SENT_EMAILS_TO_DB = False
OSCAR_DELETE_IMAGE_FILES = True
OSCAR_INITIAL_ORDER_STATUS = OSCAR_INITIAL_LINE_STATUS = "placed"
# What may be done by hand, in the dashboard. All else happens in shop.orders: placed → paid → dispatched → received, or
# refunded, or cancelled.
OSCAR_ORDER_STATUS_PIPELINE = {
    "placed": ("cancelled",),
    "paid": ("cancelled",),
    "dispatched": (),
    "received": (),
    "cancelled": (),
    "refunded": (),
}
OSCAR_LINE_STATUS_PIPELINE = {"placed": ()}
# Oscar must have a Haystack; browsing and searching are ours (shop.catalogue, shop.search).
HAYSTACK_CONNECTIONS = {"default": {"ENGINE": "haystack.backends.simple_backend.SimpleEngine"}}
HAYSTACK_SIGNAL_PROCESSOR = "haystack.signals.BaseSignalProcessor"
