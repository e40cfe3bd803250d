# %% [markdown]
# # Your own survey
#
# From an export to estimates, in a folder of its own. The export is made here, so that
# this runs anywhere; take your own file in its place.

# %%
import random
import subprocess
import sys
import tempfile
from pathlib import Path

from pipeline import open_survey

folder = Path(tempfile.mkdtemp())
draw = random.Random(2025)
rows = ["Response ID,What is your role?,Do you work remotely?,How satisfied are you?"]
for number in range(400):
    role = draw.choice(["Developer", "Designer", "Manager"])
    remote = draw.choices(["Always", "Sometimes", "Never"], [3, 5, 2])[0]
    rows.append(f"{number},{role},{remote},{draw.randint(1, 5)}")
export = folder / "Team survey 2025.csv"
written = export.write_text("\n".join(rows) + "\n")

# %% [markdown]
# `stateof init` drafts a definition, and says how sure it is of each guess. On the
# command line that is all there is to type.


# %%
def stateof(*words: str) -> None:
    command = [sys.executable, "-m", "pipeline", *words]
    done = subprocess.run(
        command, cwd=folder, check=True, text=True, capture_output=True
    )
    print(done.stdout, done.stderr)


stateof("init", export.name, "--id", "team", "--wave", "2025")

# %% [markdown]
# `stateof check` holds the definition against the export, and `stateof run` makes the
# estimates, and the reports that are defined under `reports/`.

# %%
stateof("check", "team")

# %%
stateof("run", "team", "--no-draft")

# %%
survey = open_survey("team", folder)
survey

# %% [markdown]
# From here on it is a survey like any other.

# %%
survey.mean("satisfied", by="role")

# %%
survey.chart("work_remotely", by="role")
