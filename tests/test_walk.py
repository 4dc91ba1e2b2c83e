"""Everything that somebody can reach leads somewhere, is said in Chinese, and stands what is typed into it.

Each role walks through the small demo and presses every link it meets (tests.crawler). Every form on the way is sent empty
and filled with nonsense, in a transaction that is taken back.
"""

import re
from collections import defaultdict

import pytest
from django.contrib.auth import get_user_model
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.test import Client
from oscar.core.loading import get_model

from shop import demo
from shop.address.countries import add_china
from shop.demo import people
from tests.crawler import Form, Page, Visit, Walk

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

# Words that are the same in Chinese: names, file kinds, and what people type in.
SAME = {"English", "Ctrl", "Excel", "Word", "kg", "dongtao", "dt", "tdc", "Wi-Fi", "WebP"}
# No words: addresses, codes, whatever has a digit in it, and abbreviations (SF, ICP, CSV).
NO_WORDS = re.compile(r"https?://\S+|\S+@\S+|[A-Za-z]*\d[\w/-]*|[A-Z]{2,6}(?![a-z])")
WORD = re.compile(r"[A-Za-z]{2,}(?:[-'][A-Za-z]+)*")

# Each role, and where it begins; two cooperatives' or three offices' pages are made alike.
WAYS = {
    "": ("/",),
    "buyer": ("/", "/accounts/"),
    "c01": ("/cooperative/",),
    "official": ("/officials/",),
    "township": ("/officials/slips/", "/"),
    "taian": ("/officials/", "/"),
    "collector": ("/supply/collect/", "/"),
}
NONSENSE = [
    "",
    "\x00'\"<b>%s{{ x }}",
    "-1",
    "９９９９９９９９９９９９９９９９９９９９",
    "1e400",
    "[{}]",
    "字" * 20_000,
]


@pytest.fixture(scope="module", autouse=True)
def world(django_db_setup, django_db_blocker):
    """The small demo, loaded once for all that walk through it."""
    with django_db_blocker.unblock(), transaction.atomic():
        add_china(get_model("address", "Country"))
        demo.load("small", say=lambda *_words, **_options: None)
        yield
        transaction.set_rollback(True)


def signed_in(client: Client, role: str) -> Client:
    if role:
        client.force_login(get_user_model().objects.get(email=people.email(role)))
    return client


def english(page: Page) -> set[str]:
    """What of `page` is not Chinese."""
    return {
        " ".join(text.split())[:120]
        for text in page.texts
        if [word for word in WORD.findall(NO_WORDS.sub(" ", text)) if word not in SAME]
    }


@pytest.mark.parametrize("role", WAYS)
def test_every_page_that_can_be_reached_is_there_and_in_chinese(client, role):
    broken, foreign, doubled = [], {}, {}
    views = set()
    for visit in Walk(signed_in(client, role)).pages(*WAYS[role]):
        views.add(visit.view)
        if visit.status >= 400:
            broken.append(f"{visit.status} {visit.path} (from {visit.came_from})")
        if visit.page and (words := english(visit.page)):
            foreign[visit.path] = words
        if visit.page and (twice := {name for name, n in visit.page.ids.items() if n > 1}):
            doubled[visit.path] = twice
    assert broken == []
    assert foreign == {}
    assert doubled == {}
    assert len(views) >= 8


@pytest.mark.parametrize("role", WAYS)
def test_every_form_stands_what_is_typed_into_it_and_answers_in_chinese(client, role):
    broken, foreign = [], defaultdict(set)
    sent = 0
    for visit, form in forms(signed_in(client, role), *WAYS[role]):
        for nonsense in NONSENSE:
            sent += 1
            answer = send(client, visit, form, nonsense)
            if answer.status_code >= 500:
                broken.append(
                    f"{answer.status_code} {form.action or visit.path} (on {visit.path}, with {nonsense[:12]!r})"
                )
            elif "text/html" in answer.get("Content-Type", "") and not answer.streaming:
                foreign[form.action or visit.path] |= english(Page(answer.content.decode()))
    assert broken == []
    assert {where: words for where, words in foreign.items() if words} == {}
    assert sent


def forms(client: Client, *starts: str):
    """Each form that a walk meets, once, with the page it was met on."""
    met = set()
    for visit in Walk(client, each=1).pages(*starts):
        for form in visit.page.forms if visit.page else []:
            key = visit.view if not form.action else form.action, form.method, *form.fields
            if key not in met and "logout" not in form.action:
                met.add(key)
                yield visit, form


def send(client: Client, visit: Visit, form: Form, nonsense: str):
    """Send `form` with `nonsense` in all its fields and in each of its buttons' places; whatever it did is taken back."""
    sender = Client(raise_request_exception=False)
    sender.cookies = client.cookies.copy()
    fields = dict.fromkeys(form.fields, nonsense) | dict(form.buttons[:1])
    fields |= {name: SimpleUploadedFile("x.png", nonsense.encode()) for name in form.files if nonsense}
    ask = sender.post if form.is_post else sender.get
    with transaction.atomic():
        answer = ask(form.action or visit.path, fields)
        transaction.set_rollback(True)
    return answer


def test_what_is_not_chinese_is_found():
    assert english(Page("<p>巫溪冬桃 5kg · SF · c01@demo.example · DT01-5J · CSV下载</p>")) == set()
    assert english(Page("<p>Your basket\n is empty</p>")) == {"Your basket is empty"}
    assert english(Page('<img alt="A walnut"><script>let word = "no";</script>')) == {"A walnut"}
