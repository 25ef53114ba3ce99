"""The way back into the CRM: what has to change there, as files and through its interface."""
