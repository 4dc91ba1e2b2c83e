"""Signing in by mobile number, and one's own account, beside allauth's pages."""

from django.urls import path

from . import views

app_name = "accounts"
urlpatterns = [
    path("code/", views.code, name="code"),
    path("profile/", views.profile, name="profile"),
    path("mobile/", views.mobile, name="mobile"),
    path("mobile/code/", views.mobile_code, name="mobile-code"),
    path("erase/", views.erase, name="erase"),
]
