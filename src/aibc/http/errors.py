"""Errors of the HTTP edge.

AibcError
├── SignInRequired          401  no access token
├── InvalidToken            401  an access token that is forged, damaged, expired or of another kind
├── SessionEnded            401  signed out, password changed, or the account is gone
├── AccountSuspended        403
├── RoleRefused             403  the role may not use this route
├── RouteNotFound           404
├── MethodNotAllowed        405
├── BodyTimeout             408
├── BodyTooLarge            413
├── UnsupportedMediaType    415
├── ValidationFailed        422  well-formed, but not what the route takes
├── MalformedBody           422  not readable at all
├── InvalidTextInAddress    422
├── InvalidHost             400
├── MetricsRefused          403
└── NotReady                503
"""

from __future__ import annotations

from aibc.errors import AibcError


class CredentialRefused(AibcError):
    """Please sign in to continue."""

    status = 401
    code = "sign_in_required"

    def __init__(self, detail: str | None = None) -> None:
        super().__init__(detail, headers={"WWW-Authenticate": "Bearer"})


class SignInRequired(CredentialRefused):
    """Please sign in: send your access token as `Authorization: Bearer …`."""

    code = "sign_in_required"


class InvalidToken(CredentialRefused):
    """The token is not valid or has expired. Please sign in again."""

    code = "invalid_token"


class SessionEnded(CredentialRefused):
    """This session has ended. Please sign in again."""

    code = "session_ended"


class AccountSuspended(AibcError):
    """Your account is suspended. Please ask an administrator."""

    status = 403
    code = "account_suspended"


class RoleRefused(AibcError):
    """Your role does not allow this. Ask an administrator if you need access."""

    status = 403
    code = "role_refused"


class RouteNotFound(AibcError):
    """There is nothing at this address. Please check the path."""

    status = 404
    code = "not_found"


class MethodNotAllowed(AibcError):
    """This address does not take that method. The Allow header lists those it takes."""

    status = 405
    code = "method_not_allowed"


class BodyTimeout(AibcError):
    """The rest of the request did not arrive in time. Please try again."""

    status = 408
    code = "body_timeout"


class BodyTooLarge(AibcError):
    """The request is larger than this address takes."""

    status = 413
    code = "body_too_large"


class UnsupportedMediaType(AibcError):
    """Please send the body as JSON, with the header Content-Type: application/json."""

    status = 415
    code = "unsupported_media_type"


class ValidationFailed(AibcError):
    """Some fields of the request are not valid."""

    status = 422
    code = "validation_error"


class MalformedBody(AibcError):
    """The body of the request could not be read."""

    status = 422
    code = "malformed_body"


class InvalidTextInAddress(AibcError):
    """The address holds a NUL character. Please remove it."""

    status = 422
    code = "invalid_text"


class InvalidHost(AibcError):
    """This service does not answer under that host name. Add it to ALLOWED_HOSTS if it should."""

    status = 400
    code = "invalid_host"


class MetricsRefused(AibcError):
    """Metrics are open to this machine, or to a bearer of METRICS_TOKEN."""

    status = 403
    code = "metrics_refused"


class NotReady(AibcError):
    """The service is not ready."""

    status = 503
    code = "not_ready"

    def __init__(self, detail: str) -> None:
        super().__init__(detail, headers={"Retry-After": "2"})
