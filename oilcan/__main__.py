"""`python -m oilcan`: the same as the command `oilcan`."""

from oilcan.command_line import main

main()
