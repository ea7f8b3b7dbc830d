"""Real sentinels over real servers, quick to conclude that a master is down."""

from typing import Any

import redis

from tests.servers import Engine, RedisServer

NAME = "mymaster"
QUICK = {"down-after-milliseconds": 500, "failover-timeout": 2000, "parallel-syncs": 1}
PERIODS = {"info-period": 200, "ping-period": 250, "publish-period": 200, "ask-period": 100, "election-timeout": 1000}
"""How often they ask and tell, in milliseconds; as a rule every ten seconds, every second, every two.

Five pings long what a replica said counts, and under a master that is down it is asked once a second, whatever is set
here: with shorter ones sentinels find no replica fit to be promoted, again and again.
"""
NO_DELAY = ("--repl-diskless-sync", "yes", "--repl-diskless-sync-delay", "0")
"""Settings of a server to whom replicas come at once."""


class SentinelServer(RedisServer):
    """One sentinel; `start` it when the master has its replicas, which it then knows at once.

    Args:
        engine: which program.
        master: the port of the server over which it watches.
        settings: more lines of its configuration.
        quorum: how many sentinels must agree that the master is down.
        password: what whoever asks it must say.
    """

    def __init__(
        self, engine: Engine, master: int, *settings: str, quorum: int = 1, password: str | None = None
    ) -> None:
        super().__init__(engine, password=password)
        lines = [f"port {self.port}", "bind 127.0.0.1", f"dir {self.folder}", f"unixsocket {self.unix_path}"]
        lines += [f"sentinel monitor {NAME} 127.0.0.1 {master} {quorum}", *settings]
        lines += [f"sentinel {option} {NAME} {value}" for option, value in QUICK.items()]
        if password is not None:
            lines += [f"requirepass {password}"]
        self._config = self.folder / "sentinel.conf"
        self._config.write_text("\n".join(lines) + "\n")

    def start(self, until: str = "+monitor master") -> None:
        """See RedisServer."""
        super().start(until)
        periods = [word for option, value in PERIODS.items() for word in (option, value)]
        self.client().execute_command("SENTINEL", "DEBUG", *periods)

    def knows(self, *, replicas: int, others: int) -> bool:
        """Whether it has found so many replicas of the master that answer, and so many other sentinels."""
        client: Any = self.client()
        state = client.sentinel_master(NAME)
        up = [replica for replica in client.sentinel_slaves(NAME) if not replica["is_sdown"]]
        return len(up) == replicas and state["num-other-sentinels"] == others

    def master_port(self) -> int:
        """Where it says that the master is."""
        client: Any = self.client()
        return int(client.sentinel_get_master_addr_by_name(NAME)[1])

    def fail_over(self) -> bool:
        """Ask it to promote a replica; False when it knows none that is fit for it yet."""
        client: Any = self.client()
        try:
            client.sentinel_failover(NAME)
        except redis.ResponseError:
            return False
        return True

    def _command(self) -> list[str]:
        return [str(self.engine.binary), str(self._config), "--sentinel"]
