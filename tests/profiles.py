"""How many examples a property test tries: few in a usual run, as many as are worth while in `.ci/run`.

pytest --hypothesis-profile=many -m hypothesis
"""

from __future__ import annotations

from hypothesis import HealthCheck, settings

USUAL = "usual"
EXAMPLES = {"few": 10, USUAL: 15, "many": 100}
"""Examples that a property test tries by profile, where it does not say otherwise."""


def load_profiles() -> None:
    """Register the profiles and load the usual one.

    Each names all that hypothesis would decide by itself from the variable CI: there it repeats the same examples for
    ever. None has a deadline: on a loaded machine an example takes a second now and then.
    """
    for name, number in EXAMPLES.items():
        settings.register_profile(
            name,
            settings.get_profile("default"),  # not that of the machine
            max_examples=number,
            derandomize=False,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow],
            print_blob=True,
        )
    settings.load_profile(USUAL)


def examples(many: int) -> int:
    """Scale a number of examples from the profile `many` to the one in force."""
    return max(5, many * settings().max_examples // EXAMPLES["many"])
