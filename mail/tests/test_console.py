import pytest
from django.test import Client
from django.urls import reverse

from accounts.tests.factories import make_user
from audit.models import AuditRecord
from mail.delivery import deliver_due_mail
from mail.models import OutgoingMail
from mail.tests.factories import make_mail

pytestmark = pytest.mark.django_db
LIST = "/console/mail/"


@pytest.fixture
def ops(client):
    client.force_login(make_user("ops"))
    return client


def page(client, url, status=200, **query):
    response = client.get(url, query)
    assert response.status_code == status
    return response.content.decode()


def test_the_list_shows_the_newest_first_with_what_became_of_them(ops):
    make_mail(recipient="alice@example.com", subject="First")
    deliver_due_mail()
    make_mail(recipient="bob@example.com", subject="Second <b>bold</b>")
    html = page(ops, LIST)
    assert html.index("Second &lt;b&gt;bold&lt;/b&gt;") < html.index("First")
    assert "alice@example.com" in html
    assert 'data-status="sent"' in html
    assert 'data-status="queued"' in html


def test_the_list_is_narrowed_by_recipient_kind_and_state(ops):
    make_mail(recipient="alice@example.com", subject="About Alice", kind="receipt")
    make_mail(recipient="bob@example.com", subject="About Bob", kind="verify_email")
    make_mail(recipient="carol@example.com", subject="About Carol", kind="receipt", state="failed")

    def shown(**query):
        html = page(ops, LIST, **query)
        return [name for name in ("Alice", "Bob", "Carol") if f"About {name}" in html]

    assert shown() == ["Alice", "Bob", "Carol"]
    assert shown(recipient=" ALICE@ ") == ["Alice"]
    assert shown(kind="receipt") == ["Alice", "Carol"]
    assert shown(state="failed") == ["Carol"]
    assert shown(kind="receipt", state="queued") == ["Alice"]
    assert shown(recipient="nobody") == []


@pytest.mark.parametrize(
    "query", [{"kind": "x' OR 1=1"}, {"state": "nonsense"}, {"page": "-1"}, {"page": "x"}, {"recipient": "x" * 300}]
)
def test_a_query_that_makes_no_sense_narrows_nothing(ops, query):
    make_mail(subject="Still here")
    assert "Still here" in page(ops, LIST, **query)


def test_a_percent_sign_is_only_a_percent_sign(ops):
    make_mail(subject="Still here")
    assert "Still here" not in page(ops, LIST, recipient="%")


def test_an_empty_list_says_so(ops):
    assert "No mail yet" in page(ops, LIST)
    assert "No message matches" in page(ops, LIST, recipient="nobody")


def test_the_list_costs_the_same_however_long_it_is(ops, django_assert_max_num_queries):
    for _ in range(60):
        make_mail()
    for number in (1, 2, 3):
        with django_assert_max_num_queries(12):  # one of them counts the open issues in the sidebar
            page(ops, LIST, page=number)
    assert "51–60 of 60 messages" in page(ops, LIST, page=3)


def test_a_message_is_shown_with_headers_text_links_and_preview(ops):
    mail = make_mail(text_body="Hi <i>you</i>\nhttp://127.0.0.1:8000/verify/abc/.\n", subject="Hello <b>you</b>")
    response = ops.get(mail.get_absolute_url())
    html = response.content.decode()
    assert "Hello &lt;b&gt;you&lt;/b&gt;" in html
    assert "Hi &lt;i&gt;you&lt;/i&gt;" in html
    assert 'href="http://127.0.0.1:8000/verify/abc/"' in html
    assert mail.message_id.strip("<>") in html
    assert f'src="{LIST}{mail.pk}/preview/" sandbox ' in html
    assert "color:red" not in html
    policy = response["Content-Security-Policy"].split("; ")
    assert "frame-src 'self'" in policy
    assert "default-src 'none'" in policy
    assert "unsafe" not in response["Content-Security-Policy"]


def test_the_preview_may_have_inline_styles_and_nothing_else(ops):
    mail = make_mail(html_body='<p style="color:red">Hi</p><script>alert(1)</script>')
    response = ops.get(reverse("mail:preview", args=[mail.pk]))
    assert response.content.decode() == mail.html_body
    assert response["X-Frame-Options"] == "SAMEORIGIN"
    assert set(response["Content-Security-Policy"].split("; ")) == {
        "default-src 'none'",
        "style-src 'unsafe-inline'",
        "img-src 'self' data:",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'self'",
    }


def test_a_message_without_html_has_no_frame(ops):
    mail = make_mail(html_body="")
    assert "<iframe" not in page(ops, mail.get_absolute_url())


def test_sending_again_is_recorded(ops):
    mail = make_mail()
    deliver_due_mail()
    response = ops.post(reverse("mail:resend", args=[mail.pk]), follow=True)
    assert "queued and will be sent again" in response.content.decode()
    assert OutgoingMail.objects.get().state == "queued"
    row = AuditRecord.objects.get()
    assert (row.action, row.outcome, row.actor_role) == ("mail.resent", "done", "ops")
    assert (row.subject_type, row.subject_id) == ("mail.outgoingmail", str(mail.pk))


def test_sending_again_what_waits_is_refused_with_a_sentence(ops):
    mail = make_mail()
    response = ops.post(reverse("mail:resend", args=[mail.pk]), follow=True)
    assert "still waiting to be sent" in response.content.decode()
    assert "Send again" not in response.content.decode()
    assert AuditRecord.objects.count() == 0


def test_sending_again_needs_a_post_with_its_token(ops):
    mail = make_mail(state="failed")
    url = reverse("mail:resend", args=[mail.pk])
    assert ops.get(url).status_code == 405
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(make_user("ops"))
    assert strict.post(url).status_code == 403
    assert OutgoingMail.objects.get().state == "failed"


@pytest.mark.parametrize("name", ["detail", "preview"])
def test_a_message_that_does_not_exist_is_not_found(ops, name):
    page(ops, reverse(f"mail:{name}", args=[99]), status=404)
    page(ops, f"{LIST}{10**30}/", status=404)


@pytest.mark.parametrize(("role", "status"), [("admin", 200), ("ops", 200), ("analyst", 403), ("customer", 404)])
def test_who_may_see_mail(client, role, status):
    client.force_login(make_user(role))
    mail = make_mail(state="failed")
    for url in (LIST, mail.get_absolute_url(), reverse("mail:preview", args=[mail.pk])):
        page(client, url, status=status)
    posted = client.post(reverse("mail:resend", args=[mail.pk]))
    assert posted.status_code == (302 if status == 200 else status)
    assert OutgoingMail.objects.get().state == ("queued" if status == 200 else "failed")


def test_a_visitor_is_sent_to_the_sign_in_page(client):
    response = client.get(LIST)
    assert response.status_code == 302
    assert response["Location"].endswith(f"?next={LIST}")


SECRET = {"key": "reset:token-1", "text_body": "http://127.0.0.1:8000/reset/token-1/", "html_body": "<p>token-1</p>"}


def test_a_link_that_signs_its_recipient_in_is_shown_to_nobody_else(client):
    mail = make_mail(is_secret=True, **SECRET)
    client.force_login(make_user("admin"))
    html = page(client, mail.get_absolute_url())
    assert "shown to its recipient only" in html
    assert "token-1" not in html
    assert "token-1" not in page(client, reverse("mail:preview", args=[mail.pk]), status=403)
    assert "token-1" not in page(client, LIST)


def test_the_demo_shows_such_links_for_its_mail_goes_nowhere(ops, settings):
    settings.DEMO = True
    mail = make_mail(is_secret=True, **SECRET)
    assert 'href="http://127.0.0.1:8000/reset/token-1/"' in page(ops, mail.get_absolute_url())
    assert "token-1" in page(ops, reverse("mail:preview", args=[mail.pk]))
