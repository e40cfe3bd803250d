# %% [markdown]
# # AI adoption by industry and role
#
# Run `stateof run state-of-app-dev` first. Responses are simulated to match published
# figures.

# %%
from pipeline import open_survey

survey = open_survey("state-of-app-dev")
survey.share("ai_use", by="industry").query("term == 'yes'")

# %%
survey.chart("ai_use", by="industry", term="yes")

# %%
survey.trend("ai_tools")
