"""The one country that goods are sent to."""


def add_china(country_model) -> None:
    """Have China among the rows of `country_model`, as the country of every address."""
    country_model.objects.update_or_create(
        iso_3166_1_a2="CN",
        defaults={
            "iso_3166_1_a3": "CHN",
            "iso_3166_1_numeric": "156",
            "printable_name": "中国",
            "name": "中华人民共和国",
            "is_shipping_country": True,
        },
    )
