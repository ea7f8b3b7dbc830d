"""The library `gear` as an administrator: asks the server what it can, and prints the answers.

usage: gear_admin.py HOST PORT FUNCTION
"""

import sys

import gear

client = gear.Client()
client.addServer(sys.argv[1], int(sys.argv[2]))
client.waitForServer()
connection = client.getConnection()
for request in (gear.VersionAdminRequest(), gear.StatusAdminRequest(), gear.WorkersAdminRequest()):
    connection.sendAdminRequest(request)
    for line in request.response.decode().splitlines():
        if line.startswith("OK") or sys.argv[3] in line:
            print(line)
