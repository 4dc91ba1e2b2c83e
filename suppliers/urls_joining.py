"""The pages of /join/: how a cooperative comes to sell here, and who is invited to work at one."""

from django.urls import path

from .views import joining

app_name = "joining"
urlpatterns = [
    path("", joining.start, name="start"),
    path("notice/", joining.notice, name="notice"),
    path("apply/", joining.apply, name="apply"),
    path("invitations/", joining.invitations, name="invitations"),
    path("<str:application_no>/", joining.application, name="application"),
    path("<str:application_no>/edit/", joining.edit, name="edit"),
    path("<str:application_no>/licence.jpg", joining.licence, name="licence"),
]
