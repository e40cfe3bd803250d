# %% [markdown]
# # Who owns application security?
#
# Run `stateof run state-of-app-dev` first.

# %%
from pipeline import open_survey

survey = open_survey("state-of-app-dev")
survey.share("security_owner")

# %% [markdown]
# By company size, with column letters: a letter names a column that is lower by more
# than chance.

# %%
survey.crosstab("security_owner", by="size_group")

# %%
survey.chart("security_owner", by="size_group")

# %% [markdown]
# What people in security do besides, where several answers could be given: each
# answer's part of all mentions.

# %%
survey.mentions("security_tasks")
