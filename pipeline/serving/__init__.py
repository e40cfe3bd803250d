"""Language models on this machine, spoken to as the OpenAI chat API."""
