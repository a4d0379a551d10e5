"""Plans and Profiles: which cells are counted, and the counts."""

from synthtab.profiling.memory import count_table
from synthtab.profiling.plan import ColumnPlan, ProfilePlan, make_plan
from synthtab.profiling.profile import Profile
from synthtab.profiling.storage import load_profile, save_profile
from synthtab.profiling.suppression import pooled_levels, releasable_profile, share_step, withheld_cells

__all__ = [
    "ColumnPlan",
    "Profile",
    "ProfilePlan",
    "count_table",
    "load_profile",
    "make_plan",
    "pooled_levels",
    "releasable_profile",
    "save_profile",
    "share_step",
    "withheld_cells",
]
