"""After-sales: at an order's own address, at the cooperative's and the county's desks, and for everybody."""

from django.urls import path

import suppliers.base.paths  # noqa: F401  (its <row:…>)

from .views import buyer, deciding, public

app_name = "aftersales"
urlpatterns = [
    # For whoever has the order's address
    path("orders/<str:token>/lines/<row:line_id>/spoiled/", buyer.claim, name="claim-new"),
    path("orders/<str:token>/lines/<row:line_id>/return/", buyer.ask_return, name="return-new"),
    path("orders/<str:token>/lines/<row:line_id>/review/", buyer.review, name="review-new"),
    path("orders/<str:token>/spoiled/<row:pk>/", buyer.claim_page, name="claim"),
    path("orders/<str:token>/returns/<row:pk>/", buyer.return_page, name="return"),
    path("orders/<str:token>/photos/<str:name>", public.own_photo, name="own-photo"),
    # For everybody, and for those whom a photo concerns
    path("reviews/<row:pk>/", public.reviews, name="reviews"),
    path("photos/<str:name>", public.photo, name="photo"),
    # For the cooperative
    path("cooperative/after-sales/", deciding.cooperative, name="cooperative"),
    path("cooperative/after-sales/spoiled/<row:pk>/", deciding.cooperative_claim, name="cooperative-claim"),
    path("cooperative/after-sales/returns/<row:pk>/", deciding.cooperative_return, name="cooperative-return"),
    path("cooperative/reviews/", deciding.cooperative_reviews, name="cooperative-reviews"),
    # For county staff
    path("officials/after-sales/", deciding.county, name="county"),
    path("officials/after-sales/spoiled/<row:pk>/", deciding.county_claim, name="county-claim"),
    path("officials/after-sales/returns/<row:pk>/", deciding.county_return, name="county-return"),
    path("officials/reviews/", deciding.county_reviews, name="county-reviews"),
]
