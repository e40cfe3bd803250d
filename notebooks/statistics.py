# %% [markdown]
# # Survey statistics
#
# How each figure is computed, and how it compares with R's `survey`, is in
# `docs/methods.md`. Run `stateof run state-of-app-dev` first.

# %%
from pipeline import open_survey

survey = open_survey("state-of-app-dev")

# %% [markdown]
# ## Weighting
# Each target's share before, what was aimed at, and after; and what it costs.

# %%
survey.weights()

# %% [markdown]
# ## Several dimensions side by side

# %%
survey.crosstab("ai_use", by="size_group,leadership")

# %% [markdown]
# ## A difference that is small for sure
# With a `margin`, a small p says that two groups differ by less than that.

# %%
survey.compare("ai_use", by="leadership", term="yes", margin=0.05)

# %% [markdown]
# ## For other programs
# Weights and replicate weights, a row a respondent, without any answer.

# %%
survey.replicate_weights("bootstrap", count=20, seed=1).head()
