"""What a process may be told by environment or mounted file, read once at its edge."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from meninx.base.errors import BadInput


@dataclass(frozen=True)
class Environment:
    """A typed reader of environment variables; every error names the variable and the remedy."""

    values: Mapping[str, str]

    def text(self, name: str, default: str | None = None) -> str:
        """Return a variable's text; required when there is no default."""
        value = self.values.get(name, default)
        if value is None:
            raise BadInput(f"environment variable {name} is missing: set it in the pod or chart")
        return value

    def integer(self, name: str, default: int) -> int:
        """Return a variable's whole number."""
        return int(self.number(name, default))

    def number(self, name: str, default: float) -> float:
        """Return a variable's number."""
        raw = self.values.get(name)
        if raw is None:
            return default
        try:
            return float(raw)
        except ValueError as error:
            raise BadInput(f"environment variable {name} is not a number: {raw!r}") from error

    def flag(self, name: str, *, default: bool) -> bool:
        """Return a variable's truth: 1/true/yes or 0/false/no."""
        raw = self.values.get(name, str(default)).strip().lower()
        if raw in {"1", "true", "yes"}:
            return True
        if raw in {"0", "false", "no"}:
            return False
        raise BadInput(f"environment variable {name} is neither true nor false: {raw!r}")

    def secret(self, name: str) -> bytes:
        """Return the bytes of the file that variable NAME_FILE names (a mounted Secret)."""
        path = Path(self.text(f"{name}_FILE"))
        try:
            return path.read_bytes().strip()
        except OSError as error:
            raise BadInput(f"secret file of {name}_FILE can't be read: mount its Secret") from error
