"""The alarm engine: which alarms are active, who is told of them and when, and what there is to be alarmed about."""
