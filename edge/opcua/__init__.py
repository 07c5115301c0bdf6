"""Readings and alarms from OPC UA servers, by subscription."""
