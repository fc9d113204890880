"""The panels of the dashboard, by row: what is asked of Prometheus, and in which unit the answer is."""

from dataclasses import dataclass
from typing import Literal

_SERVE = 'job=~"$job",instance=~"$instance"'
_CALLOUT = 'job=~"$callout"'


@dataclass(frozen=True, slots=True)
class Panel:
    """One panel: its queries with their legends, and the unit of the values."""

    title: str
    queries: tuple[tuple[str, str], ...]
    unit: str = "short"
    kind: Literal["timeseries", "stat", "table"] = "timeseries"
    told: str = ""


def rate(metric: str, by: str, more: str = "", scope: str = _SERVE) -> str:
    """Return the rate of a counter, summed."""
    return f"sum by ({by}) (rate({metric}{{{scope}{',' + more if more else ''}}}[$__rate_interval]))"


def quantile(share: str, metric: str, by: str, more: str = "", scope: str = _SERVE) -> str:
    """Return a quantile of a histogram."""
    return f"histogram_quantile({share}, {rate(f'{metric}_bucket', f'{by}, le', more, scope)})"


def gauge(metric: str, by: str, more: str = "", scope: str = _SERVE, how: str = "sum") -> str:
    """Return a gauge, of all gateways together."""
    return f"{how} by ({by}) ({metric}{{{scope}{',' + more if more else ''}}})"


_OF_SERVICE = 'service=~"$service"'
_SECONDS = "imsgw_request_seconds"
_SERVED = 'outcome=~"answered|accepted",' + _OF_SERVICE
_ALL = rate(f"{_SECONDS}_count", "service", _OF_SERVICE)
_FAILED = rate(f"{_SECONDS}_count", "service", f'outcome="failed",{_OF_SERVICE}')
_PASSIVE = f"imsgw_ims_connect_certificate_days_left{{{_SERVE}}}"
_TRIP, _WAIT = "imsgw_ims_round_trip_seconds", "imsgw_ims_pool_wait_seconds"

ROWS: dict[str, tuple[Panel, ...]] = {
    "Traffic": (
        Panel("Gateways", ((f"up{{{_SERVE}}}", "{{instance}}"),), kind="stat", told="1: it answers."),
        Panel(
            "Requests by outcome",
            ((rate(f"{_SECONDS}_count", "outcome", _OF_SERVICE), "{{outcome}}"),),
            "reqps",
        ),
        Panel(
            "Failed, of all",
            ((f"{_FAILED} / {_ALL}", "{{service}}"),),
            "percentunit",
            told="Through no fault of their callers.",
        ),
        Panel(
            "Time of answers",
            tuple(
                (quantile(share, _SECONDS, "service", _SERVED), f"{{{{service}}}} {share}")
                for share in ("0.5", "0.99")
            ),
            "s",
        ),
        Panel(
            "Requests by service",
            ((rate(f"{_SECONDS}_count", "service", _OF_SERVICE), "{{service}}"),),
            "reqps",
        ),
        Panel(
            "Bytes",
            (
                (rate("imsgw_request_bytes_total", "service", _OF_SERVICE), "{{service}} in"),
                (rate("imsgw_reply_bytes_total", "service", _OF_SERVICE), "{{service}} out"),
            ),
            "Bps",
        ),
        Panel(
            "Errors by id",
            ((rate("imsgw_request_errors_total", "message_id") + " > 0", "{{message_id}}"),),
            "reqps",
        ),
        Panel(
            "In flight",
            (
                (gauge("imsgw_requests_in_flight", "instance"), "{{instance}}"),
                (gauge("imsgw_requests_waiting", "instance"), "{{instance}} waiting"),
                (gauge("imsgw_threads", "instance"), "{{instance}} threads"),
            ),
        ),
        Panel(
            "Turned away",
            (
                (
                    rate("imsgw_requests_turned_away_total", "listener, message_id"),
                    "{{listener}} {{message_id}}",
                ),
            ),
            "reqps",
        ),
    ),
    "Security": (
        Panel("Refusals by rule", ((rate("imsgw_requests_refused_total", "rule"), "{{rule}}"),), "reqps"),
        Panel("Limits", ((rate("imsgw_limited_total", "limit, service"), "{{limit}} {{service}}"),), "reqps"),
        Panel(
            "TLS handshakes that failed",
            ((rate("imsgw_tls_handshake_failures_total", "listener"), "{{listener}}"),),
            "reqps",
        ),
        Panel(
            "Stores",
            (
                (gauge("imsgw_replay_store_up", "instance", how="min"), "{{instance}} replay"),
                (gauge("imsgw_limits_store_up", "instance", how="min"), "{{instance}} limits"),
                (gauge("imsgw_audit_up", "instance", how="min"), "{{instance}} audit"),
                (gauge("imsgw_audit_receiver_up", "instance", how="min"), "{{instance}} audit receiver"),
            ),
            kind="stat",
        ),
        Panel(
            "Audit records",
            (
                (rate("imsgw_audit_records_total", "instance"), "{{instance}}"),
                (rate("imsgw_audit_lost_total", "instance"), "{{instance}} lost"),
                (gauge("imsgw_audit_spool_records", "instance"), "{{instance}} waiting"),
            ),
        ),
        Panel(
            "Replay store",
            (
                (rate("imsgw_replay_store_failures_total", "instance"), "{{instance}} failures"),
                (rate("imsgw_replay_store_unprotected_total", "instance"), "{{instance}} unprotected"),
                (rate("imsgw_replay_store_full_total", "instance"), "{{instance}} full"),
            ),
        ),
        Panel(
            "Days until certificates end",
            (
                (f"sort(min by (use, store) (imsgw_certificate_days_left{{{_SERVE}}}))", "{{use}} {{store}}"),
                (f"sort(min by (bundle, endpoint, whose) ({_PASSIVE}))", "{{bundle}} {{endpoint}} {{whose}}"),
            ),
            "d",
            kind="table",
        ),
        Panel(
            "Certificates that have ended",
            ((gauge("imsgw_certificates_expired", "use, store", how="max"), "{{use}} {{store}}"),),
            kind="table",
        ),
    ),
    "IMS Connect": (
        Panel(
            "IMS Connect",
            ((gauge("imsgw_ims_connect_up", "bundle, endpoint", how="min"), "{{bundle}} {{endpoint}}"),),
            kind="stat",
        ),
        Panel(
            "Round trip",
            tuple((quantile(share, _TRIP, "bundle"), f"{{{{bundle}}}} {share}") for share in ("0.5", "0.99")),
            "s",
        ),
        Panel(
            "Wait for a socket",
            tuple((quantile(share, _WAIT, "bundle"), f"{{{{bundle}}}} {share}") for share in ("0.5", "0.99")),
            "s",
        ),
        Panel(
            "Sockets",
            (
                (
                    gauge("imsgw_ims_connect_sockets", "bundle, endpoint, state"),
                    "{{bundle}} {{endpoint}} {{state}}",
                ),
            ),
        ),
        Panel(
            "What happened to sockets",
            (
                (
                    rate("imsgw_ims_connect_pool_events_total", "bundle, event", 'event!="requests"'),
                    "{{bundle}} {{event}}",
                ),
            ),
        ),
        Panel(
            "Codes of refusals",
            ((rate("imsgw_ims_codes_total", "bundle, code"), "{{bundle}} {{code}}"),),
            "reqps",
        ),
        Panel(
            "Went down",
            ((rate("imsgw_ims_connect_went_down_total", "bundle, endpoint"), "{{bundle}} {{endpoint}}"),),
        ),
    ),
    "Callout": (
        Panel(
            "Listeners",
            (
                (
                    gauge("imsgw_callout_listener_up", "bundle, tpipe", scope=_CALLOUT, how="min"),
                    "{{bundle}} {{tpipe}}",
                ),
            ),
            kind="stat",
        ),
        Panel(
            "Callouts by outcome",
            ((rate("imsgw_callouts_total", "kind, outcome", scope=_CALLOUT), "{{kind}} {{outcome}}"),),
            "reqps",
        ),
        Panel(
            "Failures by status",
            (
                (
                    rate("imsgw_callout_failures_total", "service, status", scope=_CALLOUT),
                    "{{service}} {{status}}",
                ),
            ),
            "reqps",
        ),
        Panel(
            "Time of calls",
            tuple(
                (
                    quantile(share, "imsgw_callout_duration_seconds", "service", scope=_CALLOUT),
                    f"{{{{service}}}} {share}",
                )
                for share in ("0.5", "0.99")
            ),
            "s",
        ),
        Panel(
            "Journal",
            (
                (
                    gauge("imsgw_callout_journal_entries", "bundle, tpipe, state", scope=_CALLOUT),
                    "{{bundle}} {{tpipe}} {{state}}",
                ),
            ),
        ),
        Panel(
            "Journal can be used",
            ((gauge("imsgw_callout_journal_up", "instance", scope=_CALLOUT, how="min"), "{{instance}}"),),
            kind="stat",
        ),
        Panel(
            "In work",
            ((gauge("imsgw_callout_in_work", "bundle, tpipe", scope=_CALLOUT), "{{bundle}} {{tpipe}}"),),
        ),
        Panel(
            "Retries and late answers",
            (
                (rate("imsgw_callout_retries_total", "service", scope=_CALLOUT), "{{service}} retries"),
                (
                    rate("imsgw_callout_late_answers_total", "service, where", scope=_CALLOUT),
                    "{{service}} late {{where}}",
                ),
            ),
        ),
        Panel(
            "Addresses paused",
            ((gauge("imsgw_callout_circuit_open", "service", scope=_CALLOUT), "{{service}}"),),
        ),
    ),
    "Resources": (
        Panel(
            "Processors",
            (
                (
                    rate("imsgw_cpu_seconds_total", "job, instance", scope='job=~"$job|$callout"'),
                    "{{job}} {{instance}}",
                ),
            ),
            told="In use.",
        ),
        Panel(
            "Memory",
            (
                (
                    gauge("imsgw_resident_memory_bytes", "job, instance", scope='job=~"$job|$callout"'),
                    "{{job}} {{instance}}",
                ),
            ),
            "bytes",
        ),
        Panel(
            "Open files, of those there may be",
            (
                (
                    "max by (job, instance) (imsgw_open_files / imsgw_open_files_limit)",
                    "{{job}} {{instance}}",
                ),
            ),
            "percentunit",
        ),
        Panel(
            "Connections",
            (
                (gauge("imsgw_connections", "instance"), "{{instance}}"),
                (gauge("imsgw_connections_limit", "instance"), "{{instance}} limit"),
            ),
        ),
        Panel("Workers", ((gauge("imsgw_workers", "instance"), "{{instance}}"),), kind="stat"),
        Panel(
            "Configuration",
            (
                (gauge("imsgw_config_version", "instance", how="min"), "{{instance}} number"),
                (
                    gauge("imsgw_config_last_reload_successful", "instance", how="min"),
                    "{{instance}} last reload",
                ),
            ),
            kind="stat",
        ),
        Panel(
            "Versions",
            ((f"count by (version, python) (imsgw_build_info{{{_SERVE}}})", "{{version}} Python {{python}}"),),
            kind="table",
        ),
    ),
}
