"""Which source wins, and how a wrong value is told."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from broker.command_line import Word, parse
from broker.settings import Settings
from broker.sources import Reading, SettingsError, read_settings

SECRET = "swordfish"


NOWHERE = Path("/nonexistent/gearmand.conf")


def read(*words: str, **variables: str) -> Reading:
    return read_settings(parse(map(Word, words)), variables, default_config=NOWHERE)


def told(*words: str, **variables: str) -> tuple[str, ...]:
    """The lines about what is wrong."""
    with pytest.raises(SettingsError) as caught:
        read(*words, **variables)
    return caught.value.problems


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return tmp_path / "broker.conf"


def test_without_any_source_the_defaults_hold() -> None:
    assert read() == Reading(Settings())


@pytest.mark.parametrize(
    ("words", "variables", "port"),
    [
        (["-p", "1"], {"TRIO_GEARMAN_PORT": "2", "GEARMAND_PORT": "4"}, 1),
        (["-p", "4730"], {"GEARMAND_PORT": "4"}, 4730),
        ([], {"TRIO_GEARMAN_PORT": "2", "GEARMAND_PORT": "4"}, 2),
        ([], {"GEARMAND_PORT": "4"}, 3),
    ],
)
def test_flags_win_over_the_environment_and_that_over_the_file(
    words: list[str], variables: Mapping[str, str], port: int, config: Path
) -> None:
    config.write_text("--port=3")
    assert read("--config-file", str(config), *words, **variables).settings.port == port


def test_the_variable_of_gearmand_replaces_the_default_port() -> None:
    assert read(GEARMAND_PORT="4731").settings.port == 4731


def test_a_higher_source_replaces_addresses_and_does_not_add_to_them() -> None:
    assert read("-L::1", "-L", "127.0.0.1", TRIO_GEARMAN_LISTEN="0.0.0.0").settings.listen == (
        "::1",
        "127.0.0.1",
    )


def test_the_environment_can_name_the_config_file(config: Path) -> None:
    config.write_text("--exceptions")
    settings = read(TRIO_GEARMAN_CONFIG_FILE=str(config)).settings
    assert settings.exceptions
    assert settings.config_file == config


def test_an_empty_variable_is_none() -> None:
    assert read(TRIO_GEARMAN_REDIS="", GEARMAND_PORT="").settings == Settings()


def test_what_kubernetes_says_about_a_service_of_our_name_is_not_for_us() -> None:
    link = "tcp://10.0.0.7:4730"
    services = {
        "GEARMAND_PORT": link,
        "TRIO_GEARMAN_PORT": link,
        "TRIO_GEARMAN_PORT_4730_TCP_ADDR": "10.0.0.7",
        "TRIO_GEARMAN_REDIS_PORT": "tcp://10.0.0.8:6379",
        "TRIO_GEARMAN_REDIS_PORT_6379_TCP_PORT": "6379",
        "TRIO_GEARMAN_REDIS_SERVICE_HOST": "10.0.0.8",
    }
    assert read(**services, TRIO_GEARMAN_SERVICE_HOST="10.0.0.7") == Reading(Settings())


def test_an_unknown_variable_of_ours_is_noted_and_not_refused() -> None:
    reading = read(TRIO_GEARMAN_PROT="1", UNRELATED="1")
    assert reading.settings == Settings()
    assert reading.notes == (
        "TRIO_GEARMAN_PROT: there is no such setting, the variable was ignored; did you mean TRIO_GEARMAN_PORT?",
    )


def test_the_config_file_holds_the_words_of_a_command_line_and_comments(config: Path) -> None:
    config.write_text("# our port\n--port=4731 -j 3 # runs\n\n  -R\n--listen\n::1\n")
    settings = read("--config-file", str(config)).settings
    assert (settings.port, settings.job_retries, settings.round_robin) == (4731, 3, True)
    assert settings.listen == ("::1",)


def test_each_fault_of_a_config_file_is_told_with_its_line(config: Path) -> None:
    config.write_text("\n--prt 3\n--backlog=0\n--config-file=x\n--port=1 --port=2\n--help")
    assert told("--config-file", str(config)) == (
        f"{config}:2: --prt: there is no such flag; did you mean --port?",
        f"{config}:5: --port: is given twice; give it once",
        f"{config}: --help belongs on the command line",
        f"{config}:4: --config-file: a config file names no other; leave it out",
        f"{config}:3: --backlog: '0' is wrong; give a number from 1 to 65535",
    )


def test_a_word_without_a_dash_in_a_config_file_is_ignored_as_in_gearmand_and_noted(config: Path) -> None:
    config.write_text("port=4731 --backlog 7")
    assert read("--config-file", str(config)) == Reading(
        Settings(backlog=7, config_file=config),
        (f"{config}:1: 'port=4731' is a stray word; flags begin with a dash: did you mean --port?; it was ignored",),
    )


def test_the_default_config_file_is_read_if_it_is_there_and_no_other_is_named(config: Path) -> None:
    config.write_text("--port=4731")
    named = config.with_name("named.conf")
    named.write_text("--backlog=7")
    assert read_settings(parse([]), {}, default_config=config).settings.port == 4731
    other = read_settings(parse([Word(f"--config-file={named}")]), {}, default_config=config).settings
    assert (other.port, other.backlog) == (4730, 7)
    assert read_settings(parse([]), {}, default_config=NOWHERE) == Reading(Settings())


def test_a_default_config_file_that_cannot_be_read_is_noted(tmp_path: Path) -> None:
    reading = read_settings(parse([]), {}, default_config=tmp_path)
    assert reading == Reading(Settings(), (f"{tmp_path}: cannot be read (Is a directory); it was ignored",))


def test_a_default_config_file_that_is_wrong_is_told(config: Path) -> None:
    config.write_text("--port=x")
    with pytest.raises(SettingsError) as caught:
        read_settings(parse([]), {}, default_config=config)
    assert caught.value.problems[0].startswith(f"{config}:1: --port: 'x' is wrong")


def test_gearmands_variables_for_tls_win_over_its_flags_as_in_gearmand() -> None:
    settings = read(
        "--ssl", "--ssl-certificate=a", "--ssl-key=b", GEARMAND_SERVER_PEM="c", GEARMAND_CA_CERTIFICATE="d"
    ).settings
    assert [settings.ssl_certificate, settings.ssl_key, settings.ssl_ca_file] == [Path("c"), Path("b"), Path("d")]


def test_gearmands_variables_for_tls_are_for_its_clients_too_and_do_nothing_without_the_flag() -> None:
    reading = read(GEARMAND_SERVER_PEM="c", GEARMAND_CA_CERTIFICATE="d")
    assert not reading.settings.ssl
    assert reading.notes == ()


def test_what_does_not_go_together_is_told_in_one_line() -> None:
    told_of = "--ssl needs --ssl-certificate, the PEM file of the certificate to show to clients"
    assert told("--ssl") == (told_of,)


def test_by_the_name_of_gearmand_workers_elsewhere_and_readers_of_the_log_go_on_as_before() -> None:
    reading = read_settings(parse([]), {}, as_gearmand=True, default_config=NOWHERE)
    assert reading.settings == Settings(listen=("*",), log_file="/var/log/gearmand.log")
    (note,) = reading.notes
    assert note.startswith("listening on every address of this machine, as gearmand does")
    told_otherwise = read_settings(parse([Word("-Llocalhost")]), {}, as_gearmand=True, default_config=NOWHERE)
    assert told_otherwise.settings.listen == ("localhost",)
    assert told_otherwise.notes == ()


def test_a_config_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    absent, program = tmp_path / "absent.conf", tmp_path / "program"
    program.write_bytes(b"\x7fELF\0\0 --port=1")
    for path, why in (
        (absent, "No such file or directory"),
        (tmp_path, "Is a directory"),
        (program, "it is no text"),
    ):
        line = f"--config-file: {path} cannot be read ({why}); name a file of flags"
        assert told(f"--config-file={path}") == (line,)


def test_every_wrong_value_of_every_source_is_told_in_one_line(config: Path) -> None:
    config.write_text("--job-retries=256")
    problems = told("-p", "70000", "--config-file", str(config), "--grance=3", TRIO_GEARMAN_KEEPALIVE="maybe")
    assert sorted(problems) == sorted(
        (
            "--grance: there is no such flag; did you mean --grace?",
            "-p: '70000' is wrong; give a number from 0 to 65535 (0 takes a free one)",
            "TRIO_GEARMAN_KEEPALIVE: 'maybe' is wrong; give 1 or 0",
            f"{config}:1: --job-retries: '256' is wrong; give -1 for without end, or a number from 0 to 255",
        )
    )


def test_a_wrong_value_that_another_source_overrides_does_no_harm() -> None:
    assert read("-p", "4731", TRIO_GEARMAN_PORT="x", GEARMAND_PORT="y").settings.port == 4731


def test_each_wrong_address_is_told_where_it_stands() -> None:
    right = "give addresses or host names without a port, such as 127.0.0.1,::1; the port goes to --port"
    assert told("-L", "127.0.0.1", "--listen=::1,a:1", "-L", "b c") == (
        f"--listen: 'a:1' is wrong; {right}",
        f"-L: 'b c' is wrong; {right}",
    )


def test_a_value_that_would_break_its_line_is_told_on_one_line() -> None:
    (problem,) = told("--redis-prefix=a\nb")
    assert "\n" not in problem


@pytest.mark.parametrize("url", [f"gopher://:{SECRET}@localhost", f"redis://:{SECRET}@localhost:port/0", SECRET])
def test_a_wrong_redis_url_is_told_without_its_password(url: str) -> None:
    (problem,) = told(TRIO_GEARMAN_REDIS=url)
    assert problem.startswith("TRIO_GEARMAN_REDIS: ")
    assert "give a URL such as redis://" in problem
    assert SECRET not in problem


def test_a_right_redis_url_is_kept_as_it_is() -> None:
    url = f"rediss://user:{SECRET}@localhost:6380/3"
    assert read("--redis", url).settings.redis == url
