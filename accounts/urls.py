"""Addresses of members' own pages: settings, giving hours, and asking for them by a code."""

from django.urls import path, re_path

from .views import donating, paying, pix, requesting, requesting_several, sending, sending_several, settings, tokens

urlpatterns = [
    path("settings/", settings.settings, name="settings"),
    path("settings/profile/", settings.settings_profile, name="settings_profile"),
    path("settings/blocks/", settings.blocks, name="settings_blocks"),
    path("settings/tokens/", tokens.tokens, name="settings_tokens"),
    path("settings/tokens/<slug:public_id>/end/", tokens.token_end, name="token_end"),
    path("people/<slug:public_id>/block/", settings.block, name="block"),
    path("people/<slug:public_id>/unblock/", settings.unblock, name="unblock"),
    path("account/sessions/", settings.devices, name="usersessions_list"),  # before allauth's
    path("agree/", settings.agree, name="agree"),
    path("send/", sending.send, name="send"),
    path("send/people/", sending.send_people, name="send_people"),
    path("send/review/", sending.send_review, name="send_review"),
    path("send/review/<slug:nonce>/", sending.send_look_over, name="send_look_over"),
    path("send/confirm/", sending.send_confirm, name="send_confirm"),
    path("send/several/", sending_several.send_several, name="send_several"),
    path("send/several/people/", sending_several.send_several_people, name="send_several_people"),
    path("send/several/review/", sending_several.send_several_review, name="send_several_review"),
    path("send/several/review/<slug:nonce>/", sending_several.send_several_look_over, name="send_several_look_over"),
    path("send/several/confirm/", sending_several.send_several_confirm, name="send_several_confirm"),
    path("send/several/sent/<slug:nonce>/", sending_several.send_several_sent, name="send_several_sent"),
    path("pay/", paying.pay, name="pay"),
    path("pay/scan/", paying.scan, name="scan"),
    path("pay-me/<slug:public_id>/", paying.pay_me, name="pay_me"),
    path("p/<slug:txid>", paying.payment_request, name="payment_request"),  # short, for it stands in a QR code
    path("requests/", requesting.requests, name="requests"),
    path("requests/new/", requesting.request_new, name="request_new"),
    path("requests/several/", requesting_several.request_several, name="request_several"),
    path("requests/several/<slug:nonce>/", requesting_several.requests_of_set, name="requests_of_set"),
    path("requests/poster/", requesting.poster, name="poster"),
    path("requests/<slug:txid>/", requesting.my_request, name="my_request"),
    path("requests/<slug:txid>/cancel/", requesting.request_cancel, name="request_cancel"),
    path("requests/<slug:txid>/renew/", requesting.request_renew, name="request_renew"),
    path("requests/<slug:txid>/give-back/", requesting.request_give_back, name="request_give_back"),
    # For programs, at addresses that are promised to them.
    path("payments/pix", pix.PixView.as_view({"post": "create"}), name="pix_create"),
    path("payments/pix/confirmation", pix.PixView.as_view({"post": "confirm"}), name="pix_confirm"),
    path("payments/pix/qr_code/<str:file_name>", pix.PixView.as_view({"get": "picture"}), name="pix_qr_code"),
    path("payments/pix/<int:pk>", pix.PixStatusView.as_view({"get": "status"}), name="pix_status"),
    re_path(r"^payments/pix/(?P<rest>[\s\S]*)$", pix.nowhere, name="pix_nowhere"),
    path("donate/", donating.donate, name="donate"),
    path("donate/confirm/", donating.donate_confirm, name="donate_confirm"),
]
