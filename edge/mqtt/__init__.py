"""Readings and alarms that devices publish to an MQTT broker."""
