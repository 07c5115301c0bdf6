"""What is read from a mail: its words, its files, its thread; and any bytes are no traceback."""

from contextlib import suppress
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maintenance.errors import MailUnreadable
from maintenance.requests.mail.judgement import Judgement, Ruling, Welcome, judge, parse_senders
from maintenance.requests.mail.message import MOST_FILES, read_mail
from tests.maintenance.requests.mail.letters import letter, raw, with_file

_HEADERS = st.sampled_from(
    [
        "From",
        "Subject",
        "Message-ID",
        "References",
        "Content-Type",
        "Content-Disposition",
        "In-Reply-To",
        "Content-Transfer-Encoding",
        "Auto-Submitted",
        "MIME-Version",
    ]
)
_PIECES = st.sampled_from(
    (
        b'multipart/mixed;boundary=x text/html;charset=klingon " =?utf-8?q?= =? < @ [ ( , : base64 '
        b";filename*0*=utf-8''%ff attachment message/rfc822 name*=x'y'z \xff\xfe a@b \x00 "
        b"quoted-printable"
    ).split(b" ")
)
_BODIES = st.sampled_from(
    [b"--x\r\n", b"--x--", b"<p", b"<!--", b"=\xe4", b"\r\n\r\n", b">", b"text"]
)


@st.composite
def _mails(draw: st.DrawFn) -> bytes:
    lines = [
        name.encode()
        + b": "
        + b"".join(draw(st.lists(_PIECES | st.binary(max_size=8), max_size=6)))
        for name in draw(st.lists(_HEADERS, max_size=8))
    ]
    body = b"".join(draw(st.lists(_BODIES | st.binary(max_size=20), max_size=10)))
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


@given(st.binary(max_size=2000) | _mails())
def test_any_bytes_are_a_mail_or_a_reason(data: bytes) -> None:
    with suppress(MailUnreadable):
        mail = read_mail(data)
        assert judge(mail, Welcome()).ruling in Ruling
        assert mail.message_id
        assert len(mail.content_hash) == 32


def test_a_plain_mail_is_read() -> None:
    mail = read_mail(raw())
    assert (mail.message_id, mail.sender, mail.subject, mail.text) == (
        "one@example.com",
        "lee@example.com",
        "P-101 drips",
        "Oil below the coupling.",
    )


def test_a_subject_in_encoded_words_is_decoded() -> None:
    data = raw().replace(
        b"Subject: P-101 drips",
        b"Subject: =?utf-8?q?Pumpe_l=C3=A4uft?=\r\n =?iso-8859-1?q?_hei=DF?= =?klingon?b?xx?=",
    )
    assert read_mail(data).subject.startswith("Pumpe läuft heiß")


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252"])
def test_a_subject_in_bare_bytes_is_read(encoding: str) -> None:
    data = raw().replace(b"P-101 drips", "Pumpe läuft heiß".encode(encoding))
    assert read_mail(data).subject == "Pumpe läuft heiß"


@pytest.mark.parametrize("charset", ["utf-8", "klingon", "us-ascii", "utf-16"])
def test_a_wrong_charset_loses_no_mail(charset: str) -> None:
    data = (
        b"From: lee@example.com\r\nContent-Type: text/plain; charset="
        + charset.encode()
        + b"\r\nContent-Transfer-Encoding: 8bit\r\n\r\nl\xe4uft hei\xdf"
    )
    assert read_mail(data).text


def test_html_alone_is_made_plain() -> None:
    message = letter()
    message.set_content(
        "<html><head><style>p {}</style></head><body><p>Drips &amp; hisses</p>"
        "<ul><li>hot</li><li>loud</li></ul><script>x()</script></body></html>",
        subtype="html",
    )
    assert read_mail(message.as_bytes()).text.split() == ["Drips", "&", "hisses", "hot", "loud"]


def test_of_two_forms_of_a_text_the_plain_one_is_taken() -> None:
    message = letter(text="plain")
    message.add_alternative("<p>html</p>", subtype="html")
    assert read_mail(message.as_bytes()).text == "plain"


_QUOTES = [
    "It drips again.\n\nOn Mon, 2 Mar 2026 at 08:00, Kim Berger <kim@example.com> wrote:\n> fixed\n",
    "It drips again.\n\nAm 02.03.2026 um 08:00 schrieb Kim Berger:\n> erledigt\n",
    "It drips again.\n\n-----Original Message-----\nFrom: Kim\n\nfixed\n",
    "It drips again.\n________________________________\nFrom: Kim\nSent: Monday\n\nfixed\n",
    "It drips again.\n\nVon: Kim\nGesendet: Montag\nAn: Lee\n\nerledigt\n",
    "> fixed\n\nIt drips again.\n",
    "It drips again.\n-- \nLee Park\nHall 1\n",
]


@pytest.mark.parametrize("text", _QUOTES)
def test_what_a_reply_quotes_and_the_signature_are_cut(text: str) -> None:
    mail = read_mail(raw("Re: P-101 drips", text, in_reply_to="<two@example.com>"))
    assert mail.text == "It drips again."


def test_what_a_reply_in_html_quotes_is_cut() -> None:
    message = letter("Re: P-101 drips", in_reply_to="<two@example.com>")
    message.set_content(
        "<p>Again.</p><blockquote><p>fixed</p><p>Kim</p></blockquote>", subtype="html"
    )
    assert read_mail(message.as_bytes()).text == "Again."


def test_what_is_handed_on_is_not_cut() -> None:
    text = "See below.\n\n-----Original Message-----\nFrom: Kim\n\nPump hisses\n"
    mail = read_mail(raw("WG: Pump", text, references="<two@example.com>"))
    assert "Pump hisses" in mail.text


def test_a_reply_that_is_all_quotation_keeps_it() -> None:
    assert read_mail(raw("Re: x", "> it drips\n")).text == "> it drips"


def test_the_nearest_of_the_mails_that_it_replies_to_is_first() -> None:
    mail = read_mail(raw(in_reply_to="<c@x>", references="<a@x> <b@x> <c@x>"))
    assert mail.threads == ("c@x", "b@x", "a@x")


def test_a_mail_without_a_name_is_named_by_its_bytes() -> None:
    first, again, other = (read_mail(raw(text=text, name=None)) for text in ("a", "a", "b"))
    assert first.message_id == again.message_id != other.message_id
    assert first.message_id.startswith("sha256:")


def test_a_name_too_long_for_an_index_is_not_taken() -> None:
    assert read_mail(raw(name="x" * 3000)).message_id.startswith("sha256:")


def test_files_are_taken_with_their_names() -> None:
    data = with_file(letter(), b"\xff\xd8\xffphoto", "Wärme Bild.jpg")
    (file,) = read_mail(data).files
    assert (file.name, file.data) == ("Wärme Bild.jpg", b"\xff\xd8\xffphoto")


def test_a_file_name_in_pieces_is_put_together() -> None:
    data = with_file(letter(), b"x", "y.jpg").replace(
        b'filename="y.jpg"', b"filename*0*=utf-8''W%C3%A4rme%20;\r\n filename*1=Bild.jpg"
    )
    assert read_mail(data).files[0].name == "Wärme Bild.jpg"


def test_a_file_name_never_leads_out_of_a_folder() -> None:
    data = with_file(letter(), b"x", "y.jpg").replace(b"y.jpg", b"../../etc/passwd")
    assert "/" not in read_mail(data).files[0].name


def test_winmail_and_other_attachments_of_programs_are_files() -> None:
    data = with_file(letter(), b"\x78\x9f\x3e\x22", "winmail.dat", "application/ms-tnef")
    mail = read_mail(data)
    assert (mail.text, mail.files[0].name) == ("Oil below the coupling.", "winmail.dat")


def test_a_mail_within_a_mail_is_a_file() -> None:
    message = letter("Fwd: pump", "See there.")
    message.add_attachment(letter(name="two@example.com"))
    mail = read_mail(message.as_bytes())
    assert mail.text == "See there."
    assert b"Oil below the coupling" in mail.files[0].data


def test_an_invitation_keeps_its_text_and_its_calendar() -> None:
    message = letter(text="Look at the pump on Tuesday.")
    message.add_alternative("BEGIN:VCALENDAR", subtype="calendar", params={"method": "REQUEST"})
    mail = read_mail(message.as_bytes())
    assert judge(mail, Welcome()) == Judgement(Ruling.TAKE)
    assert [file.name for file in mail.files] == ["invitation.ics"]


def test_small_pictures_of_a_signature_are_no_files() -> None:
    message = letter()
    message.add_alternative("<p>Oil</p><img src='cid:logo'>", subtype="html")
    html = message.get_body(("html",))
    assert isinstance(html, EmailMessage)
    html.add_related(b"\x89PNG", "image", "png", cid="<logo>")
    html.add_related(b"\x89PNG" * 5000, "image", "png", cid="<photo>")
    assert [file.name for file in read_mail(message.as_bytes()).files] == ["picture.png"]


def test_of_too_many_files_the_first_are_taken() -> None:
    message = letter()
    for number in range(MOST_FILES + 3):
        message.add_attachment(b"x", maintype="image", subtype="jpeg", filename=f"{number}.jpg")
    mail = read_mail(message.as_bytes())
    assert (len(mail.files), mail.files_left) == (MOST_FILES, 3)


def _nested(depth: int) -> bytes:
    head = b"From: lee@example.com\r\n"
    for level in range(depth):
        mark = str(level).encode()
        head += (
            b"Content-Type: multipart/mixed; boundary=b" + mark + b"\r\n\r\n--b" + mark + b"\r\n"
        )
    return head + b"Content-Type: text/plain\r\n\r\ndeep\r\n"


def test_parts_within_parts_are_read() -> None:
    assert read_mail(_nested(10)).text == "deep"


@pytest.mark.parametrize("depth", [60, 3000])
def test_a_mail_nested_without_end_is_for_a_person(depth: int) -> None:
    with pytest.raises(MailUnreadable):
        read_mail(_nested(depth))


@pytest.mark.parametrize(
    "kind", ["multipart/encrypted; boundary=x", "application/pkcs7-mime; name=smime.p7m"]
)
def test_an_encrypted_mail_is_for_a_person(kind: str) -> None:
    data = f"From: lee@example.com\r\nContent-Type: {kind}\r\n\r\n--x\r\n\r\nabc\r\n--x--".encode()
    with pytest.raises(MailUnreadable, match="encrypted"):
        read_mail(data)


def test_a_header_of_a_megabyte_is_read_in_time() -> None:
    data = b"From: lee@example.com\r\nSubject: " + b"=?utf-8?q?x?= (" * 70_000 + b"\r\n\r\nhot"
    assert read_mail(data).text == "hot"


@pytest.mark.parametrize(
    "headers",
    [
        {"Auto-Submitted": "auto-replied"},
        {"Auto-Submitted": "auto-generated; owner=x"},
        {"Precedence": "bulk"},
        {"Return-Path": "<>"},
        {"X-Autoreply": "yes"},
        {"X-Application": "Oilcan"},
    ],
)
def test_a_mail_of_a_program_is_ignored(headers: dict[str, str]) -> None:
    assert judge(read_mail(raw(**headers)), Welcome()).ruling is Ruling.IGNORE


def test_our_own_mail_is_ignored() -> None:
    mail = read_mail(raw(sender="Oilcan <Maintenance@example.com>"))
    assert judge(mail, Welcome(own="maintenance@example.com")).ruling is Ruling.IGNORE


def test_a_bounce_is_ignored() -> None:
    data = b"From: mailer@example.com\r\nContent-Type: multipart/report; boundary=x\r\n\r\n--x\r\n\r\ngone"
    assert judge(read_mail(data), Welcome()).ruling is Ruling.IGNORE


def test_the_answer_to_an_invitation_is_ignored() -> None:
    message = letter("Accepted: pump")
    message.add_alternative("BEGIN:VCALENDAR", subtype="calendar", params={"method": "REPLY"})
    assert judge(read_mail(message.as_bytes()), Welcome()).ruling is Ruling.IGNORE


@pytest.mark.parametrize(
    "headers",
    [{"Auto-Submitted": "no"}, {"Precedence": "list"}, {"Return-Path": "<lee@example.com>"}],
)
def test_a_persons_mail_is_taken_by_whatever_way_it_came(headers: dict[str, str]) -> None:
    assert judge(read_mail(raw(**headers)), Welcome()).ruling is Ruling.TAKE


@pytest.mark.parametrize("sender", ["", "nobody", "a@x, b@x", "<>", "undisclosed-recipients:;"])
def test_a_mail_from_no_one_address_is_for_a_person(sender: str) -> None:
    data = raw().replace(b"From: Lee Park <lee@example.com>", f"From: {sender}".encode())
    assert judge(read_mail(data), Welcome()).ruling is Ruling.KEEP


def test_an_empty_mail_is_for_a_person() -> None:
    assert judge(read_mail(b"From: lee@example.com\r\n\r\n"), Welcome()).ruling is Ruling.KEEP


@pytest.mark.parametrize(
    ("senders", "admitted"),
    [
        ("", True),
        ("example.com", True),
        ("@EXAMPLE.com, other.org", True),
        ("lee@example.com", True),
        ("ample.com", False),
        ("kim@example.com", False),
    ],
)
def test_only_those_who_may_write_are_taken(senders: str, admitted: bool) -> None:
    judged = judge(read_mail(raw()), Welcome(parse_senders(senders)))
    assert (judged.ruling is Ruling.TAKE) == admitted
