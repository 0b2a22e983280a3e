"""What receiving measures; a label holds an AE title at most, never identity."""

from prometheus_client import Counter, Gauge

INSTANCES = Counter(
    "meninx_instances_received_total",
    "Instances received, by what became of them.",
    ["result", "calling_aet"],
)
BYTES = Counter("meninx_received_bytes_total", "Bytes of data sets received.")
ASSOCIATIONS = Counter("meninx_associations_total", "Connections, by how they ended.", ["ending"])
OPEN = Gauge("meninx_associations_open", "Connections that are open.")

_MOST_TITLES = 200
_titles: set[str] = set()


def aet_label(calling_aet: str) -> str:
    """Return the title as a label; a sender who invents ever new ones gets one in common."""
    title = calling_aet.strip()
    if title in _titles or len(_titles) < _MOST_TITLES:
        _titles.add(title)
        return title
    return "other"
