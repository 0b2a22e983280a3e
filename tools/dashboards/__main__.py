"""Write the Grafana dashboards of the chart."""

from tools.dashboards.operations import PATH, document

if __name__ == "__main__":
    PATH.write_text(document())
