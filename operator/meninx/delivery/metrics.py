"""What delivering measures; destinations by the name of their DicomNode."""

from prometheus_client import Counter, Gauge

DELIVERIES = Counter(
    "meninx_deliveries_total",
    "Attempts to deliver a result object, by outcome.",
    ["destination", "outcome"],
)
DEPTH = Gauge("meninx_outbox_depth", "Result objects that wait for a destination.", ["destination"])
FAILURES = Counter(
    "meninx_delivery_failures_total",
    "Turns of the delivery loop that failed and are tried again.",
    ["error"],
)
