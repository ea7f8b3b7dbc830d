"""The Gearman client for programs without trio: Django, Flask, scripts, notebooks.

from client.blocking import Client

client = Client("127.0.0.1:4730")       # connects when it is first used; threads and forks may share it
handle = client.submit_background("sendEmail", payload)
result = client.call("resize", picture, timeout=30)
with client.follow("resize", picture) as job:
    for update in job:
        print(update)

Functions, records and errors are those of `client`, which can be imported without trio as well: `Function`, `Priority`,
`BackgroundJob`, `JobFailedError` and so on.
"""

from client.blocking.admin import Admin
from client.blocking.client import Client
from client.blocking.job import FollowedJob

__all__ = ["Admin", "Client", "FollowedJob"]
