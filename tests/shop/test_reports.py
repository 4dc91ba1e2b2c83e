"""The officials' pages: a small half-year whose sums are worked out by hand, who may read what, and what is refused."""

import csv
import datetime as dt
import io
import json

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from logistics.models import Award, Envelope, ProgrammeVersion, Settlement
from shop import orders
from shop.models import Sale
from shop.reports.figures import Figures
from shop.reports.report import Report, roughly_households, roughly_wan, window_name, words_for_households
from suppliers.base import access
from suppliers.base.cells import safe
from suppliers.models import Cooperative, HouseholdMerger, PurchaseLot
from tests import factories as f

pytestmark = [pytest.mark.django_db, pytest.mark.money]

H1 = (dt.date(2019, 1, 1), dt.date(2019, 6, 30))
WINDOW = {"from": "2019-01-01", "to": "2019-06-30"}
BEIJING = "110101"


@pytest.fixture
def half_year():
    """Two cooperatives, two households, three sales, a refund in June, and goods received that nobody paid.

    Packs weigh 2.5 kg and cost 88.00; lots are bought at 18.50 a kg.
    """
    first = f.make_pack(f.make_produce(f.make_cooperative("A1", village=f.make_village(is_deep_poverty=True))))
    second = f.make_pack(f.make_produce(f.make_cooperative("B1"), code="LR01", name="巫溪腊肉"))
    tan = f.make_household(first.produce.cooperative, size=3)
    ran = f.make_household(first.produce.cooperative, size=5)
    made = {"tan": tan, "ran": ran}
    for produce, household, g, day in (
        (first.produce, tan, 2_500, dt.date(2019, 1, 2)),
        (first.produce, ran, 2_500, dt.date(2019, 3, 1)),
        (first.produce, None, 1_250, dt.date(2019, 3, 2)),
        (second.produce, tan, 2_500, dt.date(2019, 6, 1)),
    ):
        f.make_lot(produce, household, g=g, bought_on=day)
    made["january"] = f.sell((first, 1), on=dt.date(2019, 1, 10))
    made["march"] = f.sell((first, 2), on=dt.date(2019, 3, 5))
    made["june"] = june = f.place_order((second, 1), area_code=BEIJING)
    f.pay(june, on=dt.date(2019, 6, 20))
    sent = f.dispatch(june, on=dt.date(2019, 6, 20))
    orders.receive(shipments=sent, on=dt.date(2019, 6, 20), how=Sale.Receipt.CARRIER)
    f.give_back(made["march"], on=dt.date(2019, 6, 25), g=2_500, fen=8_800)
    made["unpaid"] = unpaid = f.place_order((second, 1), minutes_to_pay=None)
    orders.ship_on_terms(order=unpaid)
    sent = f.dispatch(unpaid, on=dt.date(2019, 6, 28))
    orders.receive(shipments=sent, on=dt.date(2019, 6, 29), how=Sale.Receipt.ACCEPTANCE)
    return made


@pytest.fixture
def sign_in(client):
    def sign_in(*roles: str, **fields):
        client.force_login(f.make_user("", *roles, **fields))
        return client

    return sign_in


def test_the_staircase_and_the_headline_of_a_half_year(half_year):
    report = Report(*H1)
    found = report.figures
    # 88.00 + 176.00 + 88.00, less 88.00 given back
    assert (found.net_sales_fen, found.gross_fen, found.refunded_fen) == (26_400, 35_200, 8_800)
    # March is drawn from Ran 88.00, another source 44.00 and nothing 44.00; half of each is given back.
    assert found.household_sales_fen == 8_800 + (8_800 - 4_400) + 8_800 == 22_000
    assert (found.other_sales_fen, found.untraced_fen) == (2_200, 2_200)
    # 220 : 22 : 22 of 264 are 83.33, 8.33 and 8.33 %; the hundredth that is left goes to the first.
    assert report.shares_bp == (8_334, 833, 833)
    # Three times 2.5 kg × 18.50 = 46.25, less 1.25 kg × 18.50 = 23.125, half up 23.13
    assert found.earned_fen == 3 * 4_625 - 2_313 == 11_562
    # Tan 92.50, Ran 23.12
    assert (found.households_helped, found.people, found.households_under_100_yuan) == (2, 8, 2)
    assert found.mean_earned_fen == 5_781
    assert (found.net_weight_g, found.orders) == (7_500, 3)
    assert (found.to_shandong_fen, found.elsewhere_fen) == (17_600, 8_800)
    assert found.received_unpaid_fen == 8_800


def test_months_are_never_added_up(half_year):
    table = Report(*H1).tables["months"]
    keys = [column.key for column in table.columns]
    months = [dict(zip(keys, row, strict=True)) for row in table.rows]
    assert [m["sales"] for m in months] == [8_800, 0, 17_600, 0, 0, 0]
    assert [m["helped"] for m in months] == [1, 0, 1, 0, 0, 1]
    assert [m["newly"] for m in months] == [1, 0, 1, 0, 0, 0]
    assert [m["cumulative"] for m in months] == [1, 1, 2, 2, 2, 2]
    total = dict(zip(keys, table.total, strict=True))
    assert (total["helped"], total["newly"], total["sales"]) == (2, 2, 26_400)


def test_cooperatives_are_never_added_up_and_townships_are(half_year):
    tables = Report(*H1).tables
    rows = [(row[1], row[2], row[5]) for row in tables["cooperative"].rows]
    assert rows == [(2, 17_600, 2), (1, 8_800, 1)]  # orders, sales, households: three in the column
    assert tables["cooperative"].total[5] == 2
    (row,) = [row for row in tables["township"].rows if row[2]]
    assert row[2:] == tables["township"].total[2:] == (2, 8, 22_000, 11_562)


def test_a_merged_household_lives_where_the_one_lives_that_it_counts_as(half_year):
    HouseholdMerger.objects.create(household=half_year["ran"], into=half_year["tan"], merged_on=dt.date(2019, 6, 1))
    elsewhere = f.make_village("500238240200")
    half_year["tan"].village = elsewhere
    half_year["tan"].save()
    figures = Figures(*H1)
    assert figures.households_helped == 1
    assert [(row.key, row.households, row.people) for row in figures.townships()] == [("500238240", 1, 3)]


def test_households_are_paid_out_when_all_their_slips_are(half_year):
    assert Figures(*H1).households_paid == 0
    PurchaseLot.objects.filter(household=half_year["ran"]).update(paid_on=dt.date(2019, 3, 2), paid_fen=4_625)
    assert Figures(*H1).households_paid == 1
    PurchaseLot.objects.filter(household=half_year["tan"], produce__code="LR01").update(
        paid_on=dt.date(2019, 6, 2), paid_fen=4_625
    )
    assert Figures(*H1).households_paid == 1  # Tan's slip of January is not paid


def test_the_page_says_it_all_in_plain_chinese(half_year, sign_in):
    html = sign_in(access.OFFICIAL).get(reverse("officials:report"), WINDOW).content.decode()
    for said in ("截至6月30日", "264.00", "建档立卡贫困户", "合计（去重）", "户源", "未溯源", "83.34", "深度贫困乡镇"):
        assert said in html
    assert "Households" not in html


def test_words_of_the_title_and_the_narrative():
    day = dt.date
    assert window_name(*H1) == "2019年上半年"
    assert window_name(day(2020, 2, 1), day(2020, 2, 29)) == "2020年2月"
    assert window_name(day(2020, 2, 1), day(2020, 2, 28)) == "2020-02-01至2020-02-28"
    assert words_for_households(*H1) == "建档立卡贫困户"
    assert words_for_households(day(2021, 1, 1), day(2021, 3, 31)) == "脱贫户和监测户"
    assert words_for_households(day(2020, 7, 1), day(2021, 6, 30)) == "建档立卡贫困户、脱贫户和监测户"
    assert roughly_wan(606_772_690) == "600多万元"
    assert roughly_wan(600_000_000) == "600万元"
    assert roughly_wan(24_356_551) == "24.36万元"
    assert (roughly_households(1_432), roughly_households(1_400), roughly_households(99)) == (
        "1400余户",
        "1400户",
        "99户",
    )


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"from": "2019-07-01", "to": "2019-06-30"}, "截止日期早于开始日期"),
        ({"from": "1999-12-31", "to": "2000-06-30"}, "请选择2000年以后的日期"),
        ({"from": "2009-06-30", "to": "2019-06-30"}, "最多覆盖十年"),
        ({"from": "2019-02-30", "to": "2019-06-30"}, "日期写法不对"),
        ({"from": "<script>", "to": "9999-12-31"}, "不晚于明年年底"),
        ({"from": "2019-01-01"}, "请选择日期"),
    ],
)
def test_a_window_that_cannot_be_is_refused_at_its_field(sign_in, asked, said):
    client = sign_in(access.OFFICIAL)
    page = client.get(reverse("officials:report"), asked)
    assert page.status_code == 200
    assert said in page.content.decode()
    assert "staircase" not in page.content.decode()
    assert client.get(reverse("officials:table-csv", args=["months"]), asked).status_code == 404
    assert client.get(reverse("officials:chart"), asked).status_code == 404


def test_ten_years_and_days_as_people_write_them_are_fine(sign_in):
    client = sign_in(access.OFFICIAL)
    for asked in ({"from": "2009-07-01", "to": "2019-06-30"}, {"from": "2019年1月1日", "to": "2019.6.30"}):
        assert "staircase" in client.get(reverse("officials:report"), asked).content.decode()


def every_page(made) -> dict[str, str]:
    envelope = Envelope.objects.first() or f.make_programme().envelopes.get()
    return {
        "report": reverse("officials:report"),
        "chart": reverse("officials:chart"),
        "csv": reverse("officials:table-csv", args=["city"]),
        "xlsx": reverse("officials:report-xlsx"),
        "subsidy": reverse("officials:subsidy"),
        "version": reverse("officials:version", args=["WX-SD-DEMO", 1]),
        "credits": reverse("officials:credits-csv"),
        "find": reverse("officials:find"),
        "order": reverse("officials:order", args=[made["march"].number]),
        "household": reverse("officials:household", args=[made["tan"].household_no]),
        "awards": reverse("officials:awards"),
        "settlement": reverse("officials:settlement", args=[envelope.pk]),
        "new": reverse("officials:version-new", args=["WX-SD-DEMO"]),
    }


AGGREGATES = {"report", "chart", "csv", "xlsx", "subsidy", "version"}
EVIDENCE = {"credits", "find", "order", "household", "awards", "settlement"}


@pytest.mark.parametrize(
    ("role", "readable"),
    [
        (access.OFFICIAL, AGGREGATES | EVIDENCE),
        (access.REVIEWER, AGGREGATES | EVIDENCE),
        (access.FINANCE, AGGREGATES | EVIDENCE),
        (access.AUDITOR, AGGREGATES | EVIDENCE),
        (access.TAIAN, AGGREGATES),
        ("buyer", set()),
    ],
)
def test_each_role_reads_its_pages_and_finds_no_others(half_year, sign_in, role, readable):
    client = sign_in(role)
    for name, address in every_page(half_year).items():
        page = client.get(address)
        assert page.status_code == (200 if name in readable else 404), name
        content = b"".join(page.streaming_content) if page.streaming else page.content
        if role == access.TAIAN and name in readable:
            assert half_year["tan"].household_no.encode() not in content
            assert b"L0" not in content


def test_cooperatives_find_no_officials_page_and_visitors_sign_in(half_year, sign_in, client):
    pages = every_page(half_year)
    for address in pages.values():
        answer = client.get(address)
        assert answer.status_code == 302
        assert answer.url.startswith(reverse("account_login"))
    sign_in(cooperative=Cooperative.objects.first())
    assert {client.get(address).status_code for address in pages.values()} == {404}


def test_nobody_writes_by_reading(half_year, sign_in):
    client = sign_in(is_staff=True)
    pages = every_page(half_year)
    with CaptureQueriesContext(connection) as queries:
        for address in pages.values():
            page = client.get(address)
            b"".join(page.streaming_content) if page.streaming else page.content
    writing = [q["sql"] for q in queries if q["sql"].startswith(("INSERT", "UPDATE", "DELETE"))]
    assert [sql for sql in writing if "django_session" not in sql] == []


def test_the_number_of_queries_does_not_grow_with_rows(sign_in):
    client = sign_in(access.OFFICIAL)
    day = dt.date(2019, 3, 5)

    def sell(code: str, order=None):
        pack = f.make_pack(f.make_produce(f.make_cooperative(code), code=f"P{code}"))
        f.make_lot(pack.produce, f.make_household(), bought_on=dt.date(2019, 3, 1))
        order = f.sell((pack, 1), on=day)
        f.give_back(order, on=day, g=500, fen=1_000)
        f.assess()
        return order

    def queries(address: str, asked=WINDOW) -> int:
        with CaptureQueriesContext(connection) as found:
            page = client.get(address, asked)
            b"".join(page.streaming_content) if page.streaming else page.content
            assert page.status_code == 200
        return len(found)

    f.make_programme()
    order = sell("K0")
    addresses = [
        reverse("officials:report"),
        reverse("officials:table-csv", args=["cooperative"]),
        reverse("officials:credits-csv"),
        reverse("officials:awards"),
        reverse("officials:subsidy"),
    ]
    queries(addresses[0])  # what is asked once a process
    few = [queries(address) for address in addresses]
    for i in range(1, 10):
        sell(f"K{i}")
    assert [queries(address) for address in addresses] == few
    # One order and one household with ten times the rows
    household = f.make_household()
    pack = f.make_pack()
    f.make_lot(pack.produce, household, g=2_500, bought_on=day)
    one = f.sell((pack, 1), on=day)
    traced = (
        reverse("officials:order", args=[one.number]),
        reverse("officials:household", args=[household.household_no]),
    )
    few = [queries(address) for address in traced]
    for _ in range(9):
        f.make_lot(pack.produce, household, g=250, bought_on=day)
    ten = f.sell((pack, 1), on=day)
    assert queries(reverse("officials:order", args=[ten.number])) == few[0]
    assert queries(traced[1]) == few[1]
    assert order.number


def rows_of(answer) -> list[list[str]]:
    text = b"".join(answer.streaming_content).decode()
    assert text.startswith("\ufeff")
    return list(csv.reader(io.StringIO(text.removeprefix("\ufeff"))))


def test_a_table_as_csv_has_exact_yuan_and_opens_in_a_spreadsheet(half_year, sign_in):
    rows = rows_of(sign_in(access.TAIAN).get(reverse("officials:table-csv", args=["months"]), WINDOW))
    assert rows[0][2] == "销售额(元)"
    assert rows[3][:4] == ["2019-03", "1", "176.00", "5.000"]
    assert rows[7][:5] == ["合计（去重）", "3", "264.00", "7.500", "2"]


def test_every_credit_leads_from_its_line_to_its_household(half_year, sign_in):
    rows = rows_of(sign_in(access.AUDITOR).get(reverse("officials:credits-csv"), WINDOW))
    head, *credits = rows
    assert len(credits) == 4
    assert sum(int(row[9]) for row in credits) == 22_000
    assert sum(int(row[10]) for row in credits) == 11_562
    by_number = {row[3] for row in credits}
    assert by_number == {half_year[name].number for name in ("january", "march", "june")}
    assert credits[-1][10] == "-2313"  # a number stays a number
    assert half_year["tan"].head not in str(rows)
    assert head[7] == "户编号"


def test_cells_that_a_spreadsheet_would_run_are_escaped(half_year, sign_in):
    Cooperative.objects.filter(code="A1").update(name='=HYPERLINK("http://x.example")')
    rows = rows_of(sign_in(access.OFFICIAL).get(reverse("officials:table-csv", args=["cooperative"]), WINDOW))
    assert rows[1][0].startswith("'=HYPERLINK")
    assert [safe(text) for text in ("+1", "-1", "@A1", "＝1", "\t=1", "桃", -5)] == [
        "'+1",
        "'-1",
        "'@A1",
        "'＝1",
        "'\t=1",
        "桃",
        -5,
    ]


def test_the_report_for_excel_holds_numbers_and_no_formula(half_year, sign_in):
    from python_calamine import CalamineWorkbook

    Cooperative.objects.filter(code="A1").update(name="=1+1")
    answer = sign_in(access.OFFICIAL).get(reverse("officials:report-xlsx"), WINDOW)
    book = CalamineWorkbook.from_filelike(io.BytesIO(answer.content))
    assert book.get_sheet_by_name("主要指标").to_python()[3][:2] == ["销售额", 264.0]
    months = book.get_sheet_by_name("分月").to_python()
    assert months[3][:3] == ["2019-03", 1.0, 176.0]
    assert book.get_sheet_by_name("分合作社").to_python()[1][0].startswith("=1+1")


def test_the_command_writes_the_same_figures_into_files(half_year, tmp_path):
    call_command("report", "--from", "2019-01-01", "--to", "2019-06-30", "--out", str(tmp_path), stdout=io.StringIO())
    data = json.loads((tmp_path / "report.json").read_text("utf-8"))
    assert (data["net_sales_fen"], data["households_helped"], data["earned_fen"]) == (26_400, 2, 11_562)
    assert {path.name for path in tmp_path.glob("*.csv")} == {
        f"{name}.csv" for name in ("months", "channel", "township", "cooperative", "product", "city", "credits")
    }
    with pytest.raises(CommandError, match="截止日期早于开始日期"):
        call_command("report", "--from", "2019-07-01", "--to", "2019-06-30", "--out", str(tmp_path))


def test_an_order_is_traced_to_its_lots_households_and_credits(half_year, sign_in):
    client = sign_in(access.AUDITOR)
    html = client.get(reverse("officials:order", args=[half_year["march"].number])).content.decode()
    for said in (half_year["ran"].household_no, "46.25", "-23.13", "非户源", "22.00", "冲销", "88.00"):
        assert said in html
    for private in (half_year["ran"].head, "王女士", "13805380001", "东岳大街"):
        assert private not in html


def test_a_household_shows_its_number_and_a_masked_head_only(half_year, sign_in):
    client = sign_in(access.AUDITOR)
    html = client.get(reverse("officials:household", args=[half_year["tan"].household_no])).content.decode()
    assert "谭*成" in html
    assert "谭大成" not in html
    assert "92.50" in html
    assert half_year["january"].number in html
    assert client.get(reverse("officials:household", args=["WX999999"])).status_code == 404


def test_a_number_that_is_typed_leads_to_its_page(half_year, sign_in):
    client = sign_in(access.OFFICIAL)
    address = reverse("officials:find")
    number, household_no = half_year["june"].number, half_year["tan"].household_no
    assert client.post(address, {"q": f" {number} "}).url == reverse("officials:order", args=[number])
    assert client.post(address, {"q": household_no.lower()}).url == reverse("officials:household", args=[household_no])
    page = client.post(address, {"q": "<b>" + "9" * 500})
    assert page.status_code == 200
    assert "<b>9" not in page.content.decode()
    assert client.post(address, {"q": "a\x00b"}).status_code == 200
    assert (
        client.get(reverse("officials:awards"), {"tier": "\x00", "cooperative": "\x00", "page": "x"}).status_code == 200
    )
    assert (
        client.get("/officials/orders/a%00b/").status_code
        == client.get("/officials/households/%00/").status_code
        == 404
    )


VERSION = {
    "starts": "2020-01-01",
    "ends": "2020-12-31",
    "budget": "600,000.00",
    "envelope_1_starts": "2020-01-01",
    "envelope_1_ends": "2020-06-30",
    "envelope_1": "250000元",
    "envelope_2_starts": "2020-07-01",
    "envelope_2_ends": "2020-12-31",
    "envelope_2": "350000",
}


def test_county_staff_write_the_next_version_on_the_terms_of_the_one_before(sign_in):
    version = f.make_programme()
    client = sign_in(is_staff=True)
    answer = client.post(reverse("officials:version-new", args=["WX-SD-DEMO"]), VERSION | {"like": version.pk})
    assert answer.status_code == 302
    opened = ProgrammeVersion.objects.get(number=2)
    assert opened.rules == version.rules
    assert (opened.budget_fen, opened.spent_fen) == (60_000_000, 0)
    assert list(opened.envelopes.values_list("amount_fen", flat=True)) == [25_000_000, 35_000_000]
    assert client.get(answer.url).status_code == 200


@pytest.mark.parametrize(
    ("changed", "field", "said"),
    [
        ({"starts": "2019-12-31"}, "starts", "两个版本的日期不能重叠"),
        ({"ends": "2019-12-31", "starts": "2020-01-01"}, "ends", "截止日期早于开始日期"),
        ({"envelope_2": "350000.01"}, "budget", "各期资金之和超过了预算"),
        ({"envelope_2_starts": "2020-06-30"}, "envelope_2", "与前一期的日期重叠"),
        ({"envelope_2_ends": "2021-01-01"}, "envelope_2", "超出了本版本的执行日期"),
        ({"envelope_1_ends": "2019-12-31"}, "envelope_1", "截止日期早于开始日期"),
        ({"budget": "0", "envelope_1": "0", "envelope_2": "0"}, "budget", "预算须大于0元"),
        ({"budget": "-1"}, "budget", ""),
        ({"budget": "1e12"}, "budget", ""),
        ({"budget": "NaN"}, "budget", ""),
        ({"envelope_1": "0.001"}, "envelope_1", ""),
    ],
)
def test_a_version_that_cannot_be_is_refused_at_its_field_and_nothing_is_written(sign_in, changed, field, said):
    version = f.make_programme()
    client = sign_in(is_staff=True)
    page = client.post(reverse("officials:version-new", args=["WX-SD-DEMO"]), VERSION | {"like": version.pk} | changed)
    assert page.status_code == 200
    assert said in " ".join(page.context["form"].errors[field])
    assert ProgrammeVersion.objects.count() == Envelope.objects.count() == 1


def test_goods_dispatched_before_their_version_was_written_are_assessed_again(half_year, sign_in):
    f.assess()
    assert not Award.objects.exists()
    version = f.make_programme(2017)
    in_2019 = {key: value.replace("2020", "2019") for key, value in VERSION.items()}
    sign_in(is_staff=True).post(reverse("officials:version-new", args=["WX-SD-DEMO"]), in_2019 | {"like": version.pk})
    assert f.assess() == 4
    assert Award.objects.count() == 4


def test_only_county_staff_settle_and_a_preview_writes_no_settlement(half_year, sign_in):
    version = f.make_programme(min_households_for_priority=0, min_parcels_per_supplier_quarter=0)
    address = reverse("officials:settlement", args=[version.envelopes.get().pk])
    client = sign_in(access.FINANCE)
    client.post(address, {"action": "settle"})
    assert not Settlement.objects.exists()
    client = sign_in(is_staff=True)
    page = client.post(address, {"action": "preview"})
    assert page.context["preview"]["paid"] > 0
    assert not Settlement.objects.exists()
    assert client.post(address, {"action": "settle"}).status_code == 302
    settled = Settlement.objects.get()
    assert settled.state == Settlement.State.DONE
    paid = client.get(address).context["sums"]["paid"]
    assert paid == page.context["preview"]["paid"] == Envelope.objects.get().spent_fen
    client.post(address, {"action": "settle"})
    assert Envelope.objects.get().spent_fen == paid


def test_a_period_that_is_not_over_is_not_settled(sign_in):
    year = dt.datetime.now(tz=dt.UTC).year + 1
    version = f.make_programme(year)
    client = sign_in(is_staff=True)
    for action in ("preview", "settle"):
        page = client.post(reverse("officials:settlement", args=[version.envelopes.get().pk]), {"action": action})
        assert page.status_code == 200
        assert "尚未结束" in page.content.decode()
    assert not Settlement.objects.exists()
