"""The paper's PDF: whether a claim's printed string stands in the table and row that its locator names."""
