"""What edge nodes publish as Sparkplug B: births, data, deaths, and the state of a host for them."""
