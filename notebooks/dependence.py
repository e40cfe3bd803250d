# %% [markdown]
# # How dependent are people on AI?
#
# A rating from 0 to 10, asked of those who use AI tools. Run `stateof run
# state-of-app-dev` first.

# %%
from pipeline import open_survey

survey = open_survey("state-of-app-dev")
survey.mean("dependence", by="role")

# %% [markdown]
# A mean hides the shape. The chart that suits a scale shows all of it, a panel a role.

# %%
survey.chart("dependence", by="role")

# %% [markdown]
# The rating that most people gave, and the middle half of them.

# %%
survey.mode("dependence", by="role")

# %%
survey.quantile("dependence", 0.25, 0.5, 0.75, by="role")

# %% [markdown]
# Do roles differ in the order of their answers? A rank test takes a rating for an order
# and no more.

# %%
survey.rank_test("dependence", by="role")

# %% [markdown]
# Roles work in companies of different sizes. With size held equal:

# %%
survey.adjusted("dependence", by="role", holding=["size_group"])
