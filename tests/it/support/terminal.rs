//! A terminal, and somebody who types on it.

use std::process::{ExitStatus, Stdio};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::Command;

use super::PATIENCE;

/// A command that runs `line` in a shell on a terminal of its own.
pub(crate) fn terminal(line: &str) -> Command {
    let mut command = Command::new("script");
    command.args(["--quiet", "--return", "--command", line, "/dev/null"]);
    command
}

/// Runs the command, and types each answer as soon as its question is on the screen; gives how it
/// ended and all that the screen showed.
pub(crate) async fn converse(
    mut command: Command,
    answers: &[(&str, &str)],
) -> (ExitStatus, String) {
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.kill_on_drop(true).spawn().expect("a terminal");
    let mut keys = child.stdin.take().expect("its keyboard");
    let mut screen = child.stdout.take().expect("its screen");
    let mut seen = String::new();
    let talk = async {
        for (question, answer) in answers {
            while !seen.contains(question) {
                let mut bytes = [0; 512];
                let count = screen.read(&mut bytes).await.expect("a screen");
                assert!(count > 0, "{question:?} is asked: {seen}");
                seen += &String::from_utf8_lossy(&bytes[..count]);
            }
            keys.write_all(answer.as_bytes()).await.expect("a keyboard");
        }
        screen.read_to_string(&mut seen).await.expect("a screen");
        child.wait().await.expect("an end")
    };
    let ended = tokio::time::timeout(PATIENCE, talk).await;
    (ended.expect("an end in time"), seen)
}
