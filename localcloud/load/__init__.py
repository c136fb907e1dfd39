# SPDX-License-Identifier: GPL-3.0-or-later
"""An open-loop HTTP load generator for loopback: `python -m localcloud.load URL --rate 250 --seconds 60`.

Requests leave on a fixed schedule whether or not earlier ones have been answered, and a latency counts from the moment
the schedule had for its request. A stall of the server therefore shows in full, both in the counts and in the
percentiles, instead of slowing the generator down and vanishing from them.
"""
