"""The library `pygearman` as an administrator: asks the server what it can, and prints the answers.

usage: pygearman_admin.py HOST PORT FUNCTION
"""

import sys

import gearman

client = gearman.GearmanAdminClient([f"{sys.argv[1]}:{sys.argv[2]}"])
print("ping", client.ping_server() > 0)
print("version", client.get_version())
for ask in (client.get_status, client.get_workers):
    print([line for line in ask() if sys.argv[3] in (line.get("task"), *line.get("tasks", ()))])
