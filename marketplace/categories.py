"""The categories a new community starts with; a coordinator changes them in the staff's site."""

from __future__ import annotations

from typing import Any

from .models import Category

# slug, English, Portuguese, icon, hue; then what stands below: slug, English, Portuguese.
FIRST: tuple[tuple[str, str, str, str, str, tuple[tuple[str, str, str], ...]], ...] = (
    ("home", "Home and repairs", "Casa e consertos", "tool", "mata", (
        ("repairs", "Small repairs", "Pequenos consertos"),
        ("plumbing", "Taps and pipes", "Torneiras e encanamento"),
        ("electrical", "Lamps and sockets", "Lâmpadas e tomadas"),
        ("painting", "Painting", "Pintura"),
        ("cleaning", "Cleaning and tidying", "Limpeza e organização"),
        ("moving", "Moving and carrying", "Mudança e carreto"),
    )),
    ("cooking", "Cooking", "Cozinha", "cook", "ipe", (
        ("meals", "Meals", "Refeições"),
        ("baking", "Bread and cakes", "Pães e bolos"),
        ("cooking-lessons", "Learning to cook", "Aprender a cozinhar"),
    )),
    ("garden", "Garden and animals", "Jardim e animais", "garden", "mata", (
        ("gardening", "Gardening", "Jardinagem"),
        ("vegetables", "Vegetable beds", "Horta"),
        ("pets", "Looking after pets", "Cuidar de bichos"),
    )),
    ("tech", "Computers and phones", "Computador e celular", "laptop", "anil", (
        ("phones", "Phones and apps", "Celular e aplicativos"),
        ("computers", "Computers", "Computadores"),
        ("photos", "Photos and video", "Fotos e vídeo"),
    )),
    ("learning", "Learning", "Aprender", "lesson", "anil", (
        ("languages", "Languages", "Idiomas"),
        ("school", "Help with school", "Reforço escolar"),
        ("paperwork", "Forms and letters", "Formulários e cartas"),
    )),
    ("arts", "Music and crafts", "Música e artesanato", "music", "goiaba", (
        ("music", "Music", "Música"),
        ("sewing", "Sewing and mending", "Costura e consertos de roupa"),
        ("crafts", "Crafts", "Artesanato"),
    )),
    ("care", "Care and company", "Cuidado e companhia", "care", "goiaba", (
        ("company", "Company and talk", "Companhia e conversa"),
        ("children", "Looking after children", "Cuidar de crianças"),
        ("elders", "Help for elders", "Apoio a pessoas idosas"),
        ("wellbeing", "Movement and wellbeing", "Movimento e bem-estar"),
    )),
    ("errands", "Rides and errands", "Caronas e recados", "ride", "ipe", (
        ("rides", "Rides", "Caronas"),
        ("shopping", "Shopping", "Compras"),
        ("errands-other", "Other errands", "Outros recados"),
    )),
    ("community", "Community", "Comunidade", "users", "mata", (
        ("events", "Events and work parties", "Eventos e mutirões"),
        ("other", "Something else", "Outra coisa"),
    )),
)  # fmt: skip


def make_first_ones(using: str = "default", **kwargs: Any) -> None:
    """After each migrate: where there is no category at all, these are made."""
    categories = Category.objects.using(using)
    if categories.exists():
        return
    for position, (slug, english, portuguese, icon, hue, below) in enumerate(FIRST):
        heading = categories.create(
            slug=slug, name_en=english, name_pt_br=portuguese, icon=icon, hue=hue, position=position
        )
        categories.bulk_create(
            Category(parent=heading, slug=slug, name_en=en, name_pt_br=pt, icon=icon, hue=hue, position=place)
            for place, (slug, en, pt) in enumerate(below)
        )
