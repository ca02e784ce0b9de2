"""Which map runs next, and where: what runs side by side never needs more memory than there is, and no large map waits for ever."""
from __future__ import annotations

from dataclasses import dataclass, field
from typing import Dict, List, Mapping, Optional, Sequence

PATIENCE = 8                                     # maps that may pass a larger one before all wait until there is room for it


@dataclass
class Place:
    """A machine, or a worker of a cluster: at most ``slots`` maps at a time, which take at most ``memory`` bytes together."""

    memory: float
    slots: int = 1
    running: Dict[str, float] = field(default_factory=dict)

    @property
    def free(self) -> float:
        """Bytes that no map has been promised."""
        return self.memory - sum(self.running.values())


class Queue:
    """Maps that wait, in the order of their list, with the memory that each one needs.

    Parameters
    ----------
    needs
        Bytes by name.
    """

    def __init__(self, needs: Mapping[str, float]) -> None:
        self._needs = dict(needs)
        self._passed = dict.fromkeys(needs, 0)

    def __len__(self) -> int:
        return len(self._needs)

    def hopeless(self, places: Sequence[Place]) -> List[str]:
        """The names of maps that need more than any place has; they wait no longer."""
        most = max(place.memory for place in places)
        out = [name for name, need in self._needs.items() if need > most]
        for name in out:
            del self._needs[name]
        return out

    def take(self, place: Place) -> Optional[str]:
        """The name of the map that starts now at a place, which it then runs on; None when none may.

        It is the first that there is room for. A map that has been passed :data:`PATIENCE` times keeps the others waiting.
        """
        if len(place.running) >= place.slots:
            return None
        ahead = []
        for name, need in self._needs.items():
            if need > place.memory:                          # it waits for a larger place
                continue
            if need <= place.free:
                for other in ahead:
                    self._passed[other] += 1
                place.running[name] = self._needs.pop(name)
                return name
            if self._passed[name] >= PATIENCE:
                return None
            ahead.append(name)
        return None


def threads_of(need: float, place: Place, cores: int, maps: int) -> int:
    """The threads of a map: the cores, shared among the maps that may run beside it.

    Parameters
    ----------
    need
        Bytes that it needs.
    place
        Where it runs.
    cores
        Cores of the place.
    maps
        Maps that there are in all.

    Returns
    -------
    int
        At least 1.
    """
    beside = max(1, int(min(place.slots, maps, place.memory // max(need, 1.0))))
    return max(1, cores // beside)
