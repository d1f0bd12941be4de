"""The tags and filters of the design system: `{% load ui %}`."""

import json
from dataclasses import replace
from typing import Any

from django import forms, template
from django.core.paginator import Page
from django.core.serializers.json import DjangoJSONEncoder
from django.forms.boundfield import BoundField
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from core.money import format_money
from core.statuses import status_word
from core.theme_images import THEME_IMAGES

register = template.Library()

MESSAGE_TONES = {"success": "ok", "warning": "warn", "error": "err"}
JSON_ESCAPES = {ord("<"): "\\u003C", ord(">"): "\\u003E", ord("&"): "\\u0026"}


@register.simple_tag
def icon(name: str, label: str = "") -> SafeString:
    """Return an icon of the sprite; decorative unless it has a label."""
    url = f"{static('icons.svg')}#{name}"
    if label:
        return format_html('<svg class="icon" role="img" aria-label="{}"><use href="{}"></use></svg>', label, url)
    return format_html('<svg class="icon" aria-hidden="true"><use href="{}"></use></svg>', url)


@register.filter
def money(minor: int | None, currency: str) -> str:
    """Return minor units as people read them (`£56.00`), an en dash for None."""
    return "–" if minor is None else format_money(minor, currency)


@register.filter
def message_tone(level: str) -> str:
    """Return the notice tone of a message level."""
    return MESSAGE_TONES.get(level, "info")


@register.inclusion_tag("components/badge.html")
def status_badge(kind: str, value: object, label: str = "") -> dict[str, Any]:
    """Show a status by its one word; `label` replaces the word, never the tone."""
    status = status_word(kind, str(value))
    return {"label": label or status.word, "tone": status.tone, "status": str(value)}


@register.inclusion_tag("components/picture.html")
def theme_picture(name: str, *, sizes: str, alt: str = "", eager: bool = False) -> dict[str, Any]:
    """Show a committed theme photograph; raises KeyError for a name that is not one."""
    return {"image": replace(THEME_IMAGES[name], alt=alt), "sizes": sizes, "eager": eager}


@register.inclusion_tag("components/field.html")
def field(
    bound: BoundField, *, hint: str = "", label: str = "", width: str = "", hide_label: bool = False
) -> dict[str, Any]:
    """Show a form field: label, hint, control and error, tied together for assistive technology."""
    shown_hint = hint or bound.help_text
    described = [f"{bound.auto_id}_helptext"] if shown_hint else []
    described += [f"{bound.auto_id}_error"] if bound.errors else []
    widget = bound.field.widget
    attrs: dict[str, str | bool] = (
        {"aria-describedby": " ".join(described)} if described and not bound.use_fieldset else {}
    )
    if bound.is_hidden:
        kind = "hidden"
    elif bound.use_fieldset:
        kind = "choices"
    else:
        kind = "check" if isinstance(widget, forms.CheckboxInput) else "control"
    return {
        "bound": bound,
        "control": bound.as_widget(attrs=attrs),
        "described": " ".join(described),
        "hide_label": hide_label,
        "hint": shown_hint,
        "kind": kind,
        "label": label or bound.label,
        "width": width,
    }


def _target(bound: BoundField) -> str:
    return bound.id_for_label or f"{bound.auto_id}_0"


@register.inclusion_tag("components/form_errors.html")
def form_errors(*bound_forms: forms.BaseForm) -> dict[str, Any]:
    """Show what is wrong with the forms in one list that links to the fields; nothing when all is well."""
    errors = []
    for form in bound_forms:
        errors += [{"text": text} for text in form.non_field_errors()]
        for bound in form:
            target = "" if bound.is_hidden else _target(bound)
            errors += [{"text": _with_label(bound, str(text)), "target": target} for text in bound.errors]
    return {"errors": errors}


def _with_label(bound: forms.BoundField, text: str) -> str:
    """Say which field it is about, unless the sentence does: "Enter the postcode." needs no "Postcode:"."""
    return text if bound.label.casefold() in text.casefold() else f"{bound.label}: {text}"


@register.simple_tag
def page_numbers(page: Page) -> list[int | str]:
    """Return the page numbers to link, with an ellipsis where some are left out."""
    return list(page.paginator.get_elided_page_range(page.number, on_each_side=1, on_ends=1))


@register.simple_tag
def json_ld(data: object) -> SafeString:
    """Return structured data as a JSON-LD block, with nothing in it that could end the element."""
    text = json.dumps(data, cls=DjangoJSONEncoder, ensure_ascii=False).translate(JSON_ESCAPES)
    return format_html('<script type="application/ld+json">{}</script>', mark_safe(text))  # noqa: S308 (escaped above)
