# %% [markdown]
# # Real surveys
#
# A stratified random sample of 200 schools in California, and two waves of the Cloud
# Native Survey. Raw files are not part of this project; build both first:
#
#     stateof run api-schools --raw DIR     # DIR has apistrat.csv
#     stateof run cncf --raw DIR            # DIR has the survey's exports
#
# How each figure is computed: [docs/methods.md](../docs/methods.md).

# %%
from pipeline import open_survey

schools = open_survey("api-schools")

# %% [markdown]
# ## Weighting
# The sample was raked to two margins that are known of all 6,194 schools. What it
# changed, and what it costs:

# %%
schools.weights()

# %% [markdown]
# Where a share is a margin, weighting has left nothing to chance, and its standard
# error is 0. Elsewhere errors are of what the margins do not explain.

# %%
schools.share("whole_target")

# %%
schools.share("comparable_target", by="level")

# %% [markdown]
# ## A crosstab with letters
# A letter under a column says which columns are lower by more than chance.

# %%
schools.crosstab("comparable_target", by="level,target")

# %% [markdown]
# ## Other things equal
# High schools meet the target less often. They also meet the school-wide target less
# often; with that held equal, half of the gap is left.

# %%
schools.adjusted("comparable_target", by="level", holding=["target"], term="yes")

# %% [markdown]
# ## Quantiles
# Intervals are Woodruff's.

# %%
schools.quantile("index_2000", 0.1, 0.5, 0.9, by="level")

# %% [markdown]
# ## A trend, and what it is made of
# Security as a challenge in using containers, in the waves of the Cloud Native Survey.
# Did other organizations answer, or do the same kinds answer otherwise?

# %%
cloud = open_survey("cncf")
cloud.trend("challenges").query("term == 'security'")

# %% [markdown]
# The last wave is not comparable, and says why. From 2019 to 2020:

# %%
cloud.split("challenges", by="size", term="security", wave="2020")
