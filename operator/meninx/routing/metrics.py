"""What routing measures."""

from prometheus_client import Counter

STUDIES = Counter(
    "meninx_routing_studies", "Study revisions decided on, by what became of them.", ["outcome"]
)
REFUSALS = Counter("meninx_routing_refusals", "Studies refused, by reason.", ["reason"])
FAILURES = Counter(
    "meninx_routing_failures", "Attempts to decide that failed and are tried again.", ["error"]
)
