from django.urls import path

from . import views

urlpatterns = [
    path("settings/", views.settings, name="settings"),
    path("settings/profile/", views.settings_profile, name="settings_profile"),
    path("account/sessions/", views.devices, name="usersessions_list"),  # before allauth's
    path("agree/", views.agree, name="agree"),
    path("send/", views.send, name="send"),
    path("send/people/", views.send_people, name="send_people"),
    path("send/review/", views.send_review, name="send_review"),
    path("send/review/<slug:nonce>/", views.send_look_over, name="send_look_over"),
    path("send/confirm/", views.send_confirm, name="send_confirm"),
    path("donate/", views.donate, name="donate"),
    path("donate/confirm/", views.donate_confirm, name="donate_confirm"),
]
