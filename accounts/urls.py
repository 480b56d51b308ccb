"""The paths of accounts, below the root."""

from django.urls import include, path

from accounts.views import (
    me,
    pages,
    passwords,
    registration,
    second_factors,
    sessions,
    sign_in,
    well_known,
)

urlpatterns = [
    path("", include("accounts.api_key_urls")),
    path("", include("accounts.organization_urls")),
    path("api/v1/auth/register", registration.RegisterView.as_view()),
    path("api/v1/auth/verify-email", registration.VerifyEmailView.as_view()),
    path("api/v1/auth/verify-email/resend", registration.ResendView.as_view()),
    path("api/v1/auth/login", sign_in.LoginView.as_view()),
    path("api/v1/auth/login/mfa", second_factors.SecondStepView.as_view()),
    path("api/v1/auth/token/refresh", sign_in.RefreshView.as_view()),
    path("api/v1/auth/reauthenticate", sign_in.ReauthenticateView.as_view()),
    path("api/v1/auth/logout", sign_in.LogoutView.as_view()),
    path("api/v1/auth/logout/all", sign_in.LogoutAllView.as_view()),
    path("api/v1/auth/password/reset", passwords.PasswordResetView.as_view()),
    path("api/v1/auth/password/reset/confirm", passwords.PasswordResetConfirmView.as_view()),
    path("verify-email", pages.PageView.as_view(page="verify_email")),
    path("set-password", pages.PageView.as_view(page="set_password")),
    path("reset-password", pages.PageView.as_view(page="reset_password")),
    path("api/v1/me", me.MeView.as_view()),
    path("api/v1/me/password", passwords.PasswordChangeView.as_view()),
    path("api/v1/me/mfa", second_factors.FactorsView.as_view()),
    path("api/v1/me/mfa/totp", second_factors.AppView.as_view()),
    path("api/v1/me/mfa/totp/confirm", second_factors.AppConfirmView.as_view()),
    path("api/v1/me/mfa/recovery-codes", second_factors.RecoveryCodesView.as_view()),
    path("api/v1/sessions", sessions.SessionsView.as_view()),
    path("api/v1/sessions/<uuid:session_id>", sessions.SessionView.as_view()),
    path(".well-known/jwks.json", well_known.JWKSView.as_view()),
    path(".well-known/openid-configuration", well_known.IssuerView.as_view()),
]
