"""The validation of a map: items drawn from capabilities, judged by our criteria and by those of the Validation Report Service."""
