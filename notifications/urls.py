from django.urls import path

from . import views, webhook_views

urlpatterns = [
    path("notifications/", views.notifications, name="notifications"),
    path("notifications/<int:seq>/", views.open_notification, name="open_notification"),
    path("notifications/read/", views.mark_all_read, name="mark_all_read"),
    path("notifications/unread/", views.unread_badge, name="unread_badge"),
    path("notifications/since/", views.events_since, name="events_since"),
    path("settings/webhooks/", webhook_views.webhooks, name="settings_webhooks"),
    path("settings/webhooks/<slug:public_id>/address/", webhook_views.change_address, name="settings_webhook_address"),
    path("settings/webhooks/<slug:public_id>/new-secret/", webhook_views.renew_secret, name="settings_webhook_secret"),
    path("settings/webhooks/<slug:public_id>/ping/", webhook_views.ping, name="settings_webhook_ping"),
    path("settings/webhooks/<slug:public_id>/resume/", webhook_views.resume, name="webhook_resume"),
    path("settings/webhooks/<slug:public_id>/remove/", webhook_views.remove, name="webhook_remove"),
]
