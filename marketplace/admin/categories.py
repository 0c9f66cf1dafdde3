"""The categories of the community, which its coordinators name, order and take away."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import F, QuerySet
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.decorators import display
from unfold.widgets import UnfoldAdminIntegerFieldWidget, UnfoldAdminSelectWidget

from marketplace import operations
from marketplace.models import Category
from timebank.errors import Refusal
from timebank.read_only import who

MOST_SHOWN = 300
# The drawings of static/img/icons.svg that stand for a kind of help.
ICONS = [
    ("tool", _("tools")),
    ("cook", _("cooking pot")),
    ("garden", _("plant")),
    ("pet", _("animal")),
    ("laptop", _("laptop")),
    ("phone", _("phone")),
    ("lesson", _("lesson")),
    ("book", _("book")),
    ("talk", _("talk")),
    ("music", _("music")),
    ("sew", _("needle and thread")),
    ("camera", _("camera")),
    ("care", _("care")),
    ("heart", _("heart")),
    ("hand", _("hand")),
    ("ride", _("ride")),
    ("box", _("box")),
    ("users", _("people")),
    ("star", _("star")),
    ("globe", _("globe")),
]


class CategoryForm(forms.ModelForm):
    class Meta:
        model = Category
        fields = ["parent", "name_en", "name_pt_br", "icon", "hue", "position"]
        help_texts = {
            "parent": _("Listings stand below a heading. Leave it empty for a new heading."),
            "position": _("Smaller numbers come first."),
        }
        widgets = {"icon": UnfoldAdminSelectWidget(choices=ICONS), "position": UnfoldAdminIntegerFieldWidget()}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        parent: Any = self.fields["parent"]
        parent.queryset = Category.objects.headings().exclude(pk=self.instance.pk)
        parent.widget = UnfoldAdminSelectWidget(choices=parent.choices)  # without buttons to other windows


class PositionForm(forms.ModelForm):
    """One line of the list, where only its position is changed."""

    class Meta:
        model = Category
        fields = ["position"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        label = gettext("Position of %(name)s") % {"name": self.instance}
        self.fields["position"].widget.attrs["aria-label"] = label


@admin.register(Category)
class CategoryAdmin(ModelAdmin):
    """Headings and what stands below them. New names are kept by the operation, which also refuses to delete."""

    actions = None
    form = CategoryForm
    list_display = ["in_english", "name_pt_br", "position"]
    list_editable = ["position"]
    list_fullwidth = True
    list_per_page = MOST_SHOWN
    ordering = [
        Coalesce("parent__position", "position").asc(),
        Coalesce("parent_id", "pk").asc(),
        F("parent_id").asc(nulls_first=True),
        F("position").asc(),
        F("pk").asc(),
    ]
    search_fields = ["name_en", "name_pt_br"]
    show_full_result_count = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Category]:
        return super().get_queryset(request).select_related("parent")

    def get_changelist_form(self, request: HttpRequest, **kwargs: Any) -> type[forms.ModelForm]:
        return super().get_changelist_form(request, form=PositionForm, **kwargs)

    @display(description=_("name in English"))
    def in_english(self, category: Category) -> str:
        return f"– {category.name_en}" if category.parent_id else category.name_en

    def save_model(self, request: HttpRequest, obj: Category, form: Any, change: bool) -> None:
        operations.save_category(obj, by=who(request))

    def delete_model(self, request: HttpRequest, obj: Category) -> None:
        operations.delete_category(obj, by=who(request))

    def delete_view(self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any) -> HttpResponse:
        category = self.get_object(request, object_id)
        if category is None or not self.has_delete_permission(request, category):
            return super().delete_view(request, object_id, *args, **kwargs)
        try:
            operations.check_unused(category)
            return super().delete_view(request, object_id, *args, **kwargs)
        except Refusal as refusal:
            self.message_user(request, str(refusal), messages.WARNING)
            return redirect("admin:marketplace_category_change", category.pk)
