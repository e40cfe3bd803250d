"""What a reader's question means, in the words of the surveys themselves."""
