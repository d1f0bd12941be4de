"""A form field and its list of errors, as assistive technology meets them."""

from django import forms

from core.tests.rendering import Elements, render


class ContactForm(forms.Form):
    email = forms.EmailField(
        label="E-mail", help_text="For the receipt.", widget=forms.EmailInput({"autocomplete": "email"})
    )
    phone = forms.CharField(required=False)
    wrap = forms.ChoiceField(choices=[("card", "Card"), ("box", "Box")], widget=forms.RadioSelect)
    terms = forms.BooleanField(label="I agree")
    key = forms.CharField(widget=forms.HiddenInput)


def make_contact_form(**data: str) -> ContactForm:
    form = ContactForm(data)
    form.is_valid()
    return form


def test_field_ties_hint_and_error_to_its_control():
    html = Elements(render("{% field form.email %}", form=make_contact_form(email="nope")))
    control = html.one("input")
    described = [attrs["id"] for attrs in html.all("div") if "id" in attrs]
    assert control["aria-describedby"].split() == described == ["id_email_helptext", "id_email_error"]
    assert control["aria-invalid"] == "true"
    assert control["autocomplete"] == "email"
    assert html.one("label")["for"] == control["id"]


def test_field_without_hint_or_error_is_described_by_nothing():
    control = Elements(render("{% field form.phone %}", form=ContactForm())).one("input")
    assert "aria-describedby" not in control
    assert "aria-invalid" not in control


def test_field_that_may_stay_empty_says_so():
    assert "(optional)" in render("{% field form.phone %}", form=ContactForm())
    assert "(optional)" not in render("{% field form.email %}", form=ContactForm())


def test_field_takes_another_hint_label_and_width():
    html = render('{% field form.phone hint="For the courier" label="Telephone" width="short" %}', form=ContactForm())
    elements = Elements(html)
    assert "For the courier" in html
    assert "Telephone" in html
    assert elements.one("input")["aria-describedby"] == "id_phone_helptext"
    assert elements.all("div")[0]["data-width"] == "short"


def test_field_of_choices_is_a_group_with_a_legend_and_its_error():
    html = Elements(render("{% field form.wrap %}", form=make_contact_form()))
    assert html.one("fieldset")["aria-describedby"] == "id_wrap_error"
    assert len(html.all("legend")) == 1
    assert [attrs["type"] for attrs in html.all("input")] == ["radio", "radio"]


def test_field_of_a_checkbox_has_its_label_after_it():
    html = Elements(render("{% field form.terms %}", form=make_contact_form()))
    assert [name for name, _ in html.found if name in ("input", "label")] == ["input", "label"]
    assert html.one("label")["for"] == html.one("input")["id"]


def test_hidden_field_shows_nothing_but_itself():
    html = Elements(render("{% field form.key %}", form=ContactForm()))
    assert [name for name, _ in html.found] == ["input"]


def test_form_errors_link_to_their_fields_and_take_focus():
    form = make_contact_form(email="nope", key="k")
    form.add_error(None, "The bag has changed.")
    html = render("{% form_errors form %}", form=form)
    elements = Elements(html)
    summary = elements.all("div")[0]
    assert (summary["role"], summary["tabindex"]) == ("alert", "-1")
    assert [attrs["href"] for attrs in elements.all("a")] == ["#id_email", "#id_wrap_0", "#id_terms"]
    assert "There are 4 problems" in html
    assert "The bag has changed." in html


def test_form_errors_write_nothing_when_all_is_well():
    assert render("{% form_errors form %}", form=ContactForm()).strip() == ""


def test_form_errors_escape_what_was_typed():
    form = make_contact_form(email="nope")
    form.add_error("phone", "<script>alert(1)</script> is no number")
    assert "<script>" not in render("{% form_errors form %}{% field form.phone %}", form=form)
