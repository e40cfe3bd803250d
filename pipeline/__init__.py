"""stateof: from raw survey responses to a report in which every sentence is proved."""
