"""Django's admin with our own site (timebank/admin_site.py) in place of its default one."""

from django.contrib.admin.apps import AdminConfig


class StaffSiteConfig(AdminConfig):
    default_site = "timebank.admin_site.AdminSite"
