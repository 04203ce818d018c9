import signal

import pytest
import typer

from handsum.cli import app as app_module


@pytest.mark.parametrize(
    ("failure", "message"),
    [
        (OSError(28, "No space left on device", "n.png"), "n.png: No space left on device"),
        (MemoryError(), "more memory than there is"),
    ],
)
def test_the_machine_s_limits_are_one_line(
    failure, message, run_command, fake_generator, monkeypatch
) -> None:
    def fail(*arguments: object, **options: object) -> None:
        raise failure

    monkeypatch.setattr(fake_generator, "write", fail)
    result = run_command("number", "12", "-o", "n.png")
    assert result.code == 1
    assert message in result.err
    assert "Traceback" not in result.err
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_data_set_that_is_stopped_cleans_up(
    number, run_command, fake_generator, monkeypatch, tmp_path
) -> None:
    import os

    def stop(*arguments: object) -> None:
        os.kill(os.getpid(), number)

    before = signal.getsignal(signal.SIGINT)
    monkeypatch.setattr("os.replace", stop)
    result = run_command("dataset", "sums", "--count", "2", "--workers", "2", "-o", "set")
    assert result.code == 128 + number
    assert "Traceback" not in result.err
    assert list((tmp_path / "set").iterdir()) == []
    assert signal.getsignal(signal.SIGINT) is before
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL


def test_the_called_command_alone_is_built(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = typer.main.get_command(app_module.app).commands
    built = typer.main.get_command(app_module._for_call(["number", "12"])).commands
    assert built.keys() == whole.keys()
    for name, command in whole.items():
        assert built[name].help == command.help
        assert len(built[name].params) == (len(command.params) if name == "number" else 0)
    # A shell's completion may ask for any of them.
    monkeypatch.setenv("_HANDSUM_COMPLETE", "complete_bash")
    assert app_module._for_call(["number"]) is app_module.app


@pytest.mark.parametrize(("command", "extra"), [("web", "web"), ("export", "export")])
def test_help_names_the_extra_whole(command, extra, run_command, monkeypatch) -> None:
    # Help is markup, in which brackets would be a style.
    monkeypatch.setenv("COLUMNS", "200")
    assert f"handsum[{extra}]" in run_command(command, "--help").out
