"""Keeping a chosen plan true as data change: the fewest moves that restore its bands, at a price.

`rebalancer.rebalance_territories` is the way in, `router.route_accounts` places new accounts alone,
`keep.keep_territories` shows the chosen plan as it stands.
"""
