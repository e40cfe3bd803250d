# %% [markdown]
# # AI adoption by industry and role
#
# Run `stateof run state-of-app-dev` first. Responses are simulated to match published
# figures. A survey shows what it can be asked for:

# %%
from pipeline import open_survey

survey = open_survey("state-of-app-dev")
survey

# %% [markdown]
# Each row is an estimate: a fraction of 1, its interval, and how many answered. It is a
# pandas frame, so the rest is pandas.

# %%
survey.share("ai_use", by="industry").query("term == 'yes'")

# %%
survey.chart("ai_use", by="industry", term="yes")

# %% [markdown]
# Two dimensions at once, where the definition crosses them. Cells on too few answers
# are hidden, and cannot be worked out from the others.

# %%
survey.share("ai_use", by="role*industry").query("term == 'yes'").head(12)

# %% [markdown]
# Which industries differ by more than chance? Every pair is tested, and p adjusted for
# all pairs.

# %%
survey.compare("ai_use", by="industry", term="yes").query("p_adjusted < 0.05").head()
