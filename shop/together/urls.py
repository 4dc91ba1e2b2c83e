"""Group orders, for whoever has the link; and what only their starters and joiners may do."""

from django.urls import path

from . import views

app_name = "together"
urlpatterns = [
    path("", views.home, name="home"),
    path("start/<str:departure_no>/", views.start, name="start"),
    path("orders/<str:token>/roll-over/", views.roll_over, name="roll-over"),
    path("orders/<str:token>/money-back/", views.have_back, name="money-back"),
    path("<str:token>/", views.group, name="group"),
    path("<str:token>/progress/", views.progress, name="progress"),
    path("<str:token>/qr.svg", views.qr, name="qr"),
    path("<str:token>/join/", views.join, name="join"),
    path("<str:token>/list/", views.hand_out_list, name="list"),
    path("<str:token>/list.pdf", views.hand_out_pdf, name="list-pdf"),
    path("<str:token>/tick/", views.tick, name="tick"),
    path("<str:token>/close/", views.close, name="close"),
    path("<str:token>/call-off/", views.call_off, name="call-off"),
    path("<str:token>/roll-over/", views.roll_over_all, name="roll-over-all"),
]
