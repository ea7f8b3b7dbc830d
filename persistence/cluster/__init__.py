"""Redis Cluster: functions spread over several servers (docs/decisions/0044-redis-cluster.md).

Imported only when a cluster was named, for it brings redis-py with it, which costs a fifth of a start.
"""
