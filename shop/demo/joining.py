"""Applications in every state, a seller and a packer at one cooperative, and one invitation that is open. All made up."""

import io

from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import make_password
from django.db import transaction
from PIL import Image, ImageDraw
from stdnum.cn import uscc

from suppliers import joining
from suppliers.base import access, days
from suppliers.models import Application, Cooperative, CooperativeStaff, Invitation, Village

from .people import PASSWORD, TOWNSHIP, email, make_user

APPLICANT = "applicant"
# (name, kind, last digits of the credit code, how far it has come)
WRITTEN = [
    ("示例·谭家村映霜桃种植专业合作社", "cooperative", 901, "on_notice"),
    ("示例·峰灵山核桃加工厂", "processor", 902, "submitted"),
    ("示例·双阳高山药材有限公司", "company", 903, "township_passed"),
    ("示例·土城家庭农场", "grower", 904, "returned"),
]
STAFF = [("c01-seller", "示例·谭晓梅", access.SELLER), ("c01-packer", "示例·谭大勇", access.PACKER)]
INVITED = "13800138000"


@transaction.atomic
def load() -> None:
    """Write what is missing of it."""
    password = make_password(PASSWORD)
    applicant = make_user(APPLICANT, "示例·申请人", password)
    cooperative = Cooperative.objects.get(code="C01")
    for name, full_name, role in STAFF:
        user = make_user(name, full_name, password)
        CooperativeStaff.objects.get_or_create(
            user=user, cooperative=cooperative, defaults={"role": role, "starts_on": days.today()}
        )
    owner = get_user_model().objects.get(email=email("c01"))
    if not Invitation.objects.filter(cooperative=cooperative).exists():
        joining.invite(cooperative=cooperative, address=INVITED, role=access.PACKER, by=owner)
    if not Application.objects.filter(applicant=applicant).exists():
        village = Village.objects.filter(township=TOWNSHIP).order_by("pk").first()
        for written in WRITTEN:
            _application(applicant, village, *written)


def _application(applicant, village: Village, name: str, kind: str, serial: int, state: str) -> None:
    application = joining.draft(
        by=applicant,
        papers=joining.Papers(
            name=name,
            kind=kind,
            uscc=credit_code(serial),
            village=village,
            contact="示例·谭女士",
            mobile="+8613800138000",
            licence=_licence(name),
        ),
    )
    application = joining.submit(application=application, by=applicant)
    users = get_user_model().objects
    township, county = users.get(email=email(access.TOWNSHIP)), users.get(email=email("staff"))
    if state == "returned":
        application = joining.send_back(application=application, by=township, reason="执照照片看不清，请重新拍一张。")
    elif state != "submitted":
        application = joining.pass_on(application=application, by=township)
        if state == "on_notice":
            application = joining.pass_on(application=application, by=county)


def credit_code(serial: int) -> str:
    """A credit code of Wuxi with its right check digit that nobody has."""
    body = f"93500238MADEM{serial:04d}"
    return body + uscc.calc_check_digit(body)


def _licence(name: str) -> bytes:
    """A sheet that says that it is none."""
    sheet = Image.new("RGB", (900, 640), "#fbf7ee")
    draw = ImageDraw.Draw(sheet)
    draw.rectangle((24, 24, 876, 616), outline="#b0362a", width=6)
    draw.text((60, 60), "SAMPLE - NOT A LICENCE", fill="#b0362a", font_size=44)
    written = io.BytesIO()
    sheet.save(written, "JPEG", quality=80)
    return written.getvalue()
