from django.urls import path

from . import views

app_name = "supply"
urlpatterns = [
    path("", views.supply, name="board"),
    path("data.json", views.data_json, name="json"),
    path("data.csv", views.data_csv, name="csv"),
    path("board.png", views.picture, name="picture"),
    path("ask/", views.ask, name="ask"),
    path("wanted/", views.want, name="want"),
]
