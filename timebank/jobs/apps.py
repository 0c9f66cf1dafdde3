from django.apps import AppConfig


class JobsConfig(AppConfig):
    name = "timebank.jobs"
    label = "jobs"
