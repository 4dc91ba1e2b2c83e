from django.urls import path

from . import views, views_subsidy

app_name = "officials"

urlpatterns = [
    path("", views.report, name="report"),
    path("chart.svg", views.chart, name="chart"),
    path("report.xlsx", views.report_xlsx, name="report-xlsx"),
    path("credits.csv", views.credits_csv, name="credits-csv"),
    path("tables/<slug:code>.csv", views.table_csv, name="table-csv"),
    path("find/", views.find, name="find"),
    path("orders/<str:number>/", views.order, name="order"),
    path("households/<str:household_no>/", views.household, name="household"),
    path("subsidy/", views_subsidy.subsidy, name="subsidy"),
    path("subsidy/awards/", views_subsidy.awards, name="awards"),
    path("subsidy/settlements/<int:envelope_id>/", views_subsidy.settlement, name="settlement"),
    path("subsidy/<slug:code>/versions/new/", views_subsidy.new_version, name="version-new"),
    path("subsidy/<slug:code>/versions/<int:number>/", views_subsidy.version, name="version"),
]
