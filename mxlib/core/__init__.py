"""The rules of mailbox rows, files, plans and their texts: pure code without input or output."""
