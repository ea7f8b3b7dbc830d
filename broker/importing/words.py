"""The words behind ``import``: the flags of the import itself, and those of a broker, which say where to.

argparse serves here: nobody waits for this command as one waits for a broker to start, and it leaves the words that
it does not know, in their order, to the broker's own parser.
"""

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NoReturn

FROM_VARIABLE: Final = "TRIO_GEARMAN_IMPORT_FROM"
REDIS_SCHEMES: Final = ("redis://", "rediss://", "unix://")

_EPILOG: Final = """\
Where to: the flags of a broker, --redis, --redis-prefix, --data-dir and the rest, its environment and its
config file count here as they do there. Give those of the broker that is to run the jobs.

Exit status: 0 when all is here, 2 when some jobs were refused, 1 when the import could not be done or not to its end.
It may be repeated at any time: what is here, or was here and has run, is not taken over again.
"""


class WordsError(Exception):
    """The command line is wrong: one line that says what would be right."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked for."""

    source: str
    prefix: str
    table: str
    functions: tuple[str, ...]
    batch: str
    dry_run: bool
    delete_imported: bool
    even_if_served: bool

    @property
    def from_redis(self) -> bool:
        """Whether the source is a Redis; else it is the path of a file."""
        return self.source.startswith(REDIS_SCHEMES)


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise WordsError(f"import: {message}; see import --help")


def read_words(words: Sequence[str], variables: Mapping[str, str]) -> tuple[Wanted, list[str]]:
    """What is wanted, and the words that are the broker's. `--help` prints itself and raises SystemExit.

    Raises:
        WordsError: a flag of the import is wrong or missing.
    """
    found, rest = _parser().parse_known_args(list(words))
    source = found.source or variables.get(FROM_VARIABLE, "")
    if not source:
        raise WordsError(
            "import: --from is missing: give the path of gearmand's --libsqlite3-db, or redis://HOST:PORT of its Redis"
        )
    wanted = Wanted(
        source=source,
        prefix=found.prefix,
        table=found.table,
        functions=tuple(found.functions),
        batch=found.batch,
        dry_run=found.dry_run,
        delete_imported=found.delete_imported,
        even_if_served=found.even_if_served,
    )
    if not wanted.from_redis and "://" in source:
        raise WordsError(f"import: --from takes a path, or a URL that begins with {', '.join(REDIS_SCHEMES)}")
    if wanted.functions and not wanted.from_redis:
        raise WordsError("import: --function is for a queue in Redis; in SQLite every row names its function")
    if wanted.dry_run and wanted.delete_imported:
        raise WordsError("import: --dry-run changes nothing and --delete-imported does; give one of them")
    return wanted, rest


def _parser() -> _Parser:
    parser = _Parser(
        prog="trio-gearman import",
        usage="trio-gearman import --from SOURCE [flags]          (or: python -m broker import ...)",
        description="Take over the queue of a gearmand 1.1.20 that ran with -q libsqlite3 or -q redis and is stopped.",
        epilog=_EPILOG,
        allow_abbrev=False,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    source = f"path of the SQLite file, or URL of the Redis (environment: {FROM_VARIABLE}, where a password is safer)"
    add("--from", dest="source", metavar="SOURCE", help=source)
    add(
        "--from-prefix",
        dest="prefix",
        metavar="PREFIX",
        default="_gear_",
        help="gearmand's --redis-prefix (%(default)s)",
    )
    table = "gearmand's --libsqlite3-table (%(default)s)"
    add("--from-table", dest="table", metavar="TABLE", default="gearman_queue", help=table)
    function = "a function of the queue; for a Redis in which keys can be read in several ways, once for each there is"
    add("--function", dest="functions", metavar="NAME", action="append", default=[], help=function)
    batch = (
        "the name under which it is remembered what was imported; another gearmand's queue needs another (%(default)s)"
    )
    add("--batch", metavar="NAME", default="gearmand", help=batch)
    add("--dry-run", action="store_true", help="say what would be done, and do nothing")
    add(
        "--delete-imported",
        action="store_true",
        help="delete from the source what is safe here; else it is not touched",
    )
    add("--even-if-served", action="store_true", help="import though a gearmand seems to work on the queue")
    return parser
