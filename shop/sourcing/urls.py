from django.urls import path

from . import views, views_telling

app_name = "supply"
urlpatterns = [
    path("", views.supply, name="board"),
    path("data.json", views.data_json, name="json"),
    path("data.csv", views.data_csv, name="csv"),
    path("board.png", views.picture, name="picture"),
    path("ask/", views.ask, name="ask"),
    path("wanted/", views.want, name="want"),
    path("photos/<int:pk>/", views_telling.photo, name="photo"),
    path("collect/", views_telling.collect, name="collect_declares"),
    path("collect/declare/<slug:step>/", views_telling.collect_declare, name="collect_declare"),
    path("collect/<int:pk>/", views_telling.collect_change, name="collect_change"),
    path("mine/<str:key>/", views_telling.mine, name="mine_declares"),
    path("mine/<str:key>/declare/<slug:step>/", views_telling.mine_declare, name="mine_declare"),
    path("mine/<str:key>/<int:pk>/", views_telling.mine_change, name="mine_change"),
]
