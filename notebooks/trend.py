# %% [markdown]
# # What has changed since the last wave?
#
# Run `stateof run state-of-app-dev` first.

# %%
from pipeline import open_survey

survey = open_survey("state-of-app-dev")
survey.trend("ai_tools")

# %% [markdown]
# Each difference has its interval and test. Where the wording or those asked have
# changed, `comparable` is false, and no difference is given.

# %%
survey.chart("ai_tools")

# %% [markdown]
# Did other people answer, or do the same kinds of people answer otherwise? A change is
# split into the two.

# %%
survey.split("ai_tools", by="size_group", term="chatgpt")
