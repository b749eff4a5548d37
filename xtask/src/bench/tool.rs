//! The contestants and how each is called.

use std::process::Command;

use super::field::Field;

/// A way to get a shell on the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tool {
    Ssh,
    /// Over QUIC once that is up.
    Abide,
    /// Over ssh's connection alone.
    AbidePipe,
    /// Without prediction: what its protocol costs, not what it guesses.
    Mosh,
}

impl Tool {
    pub(crate) const ALL: [Tool; 4] = [Tool::Ssh, Tool::Abide, Tool::AbidePipe, Tool::Mosh];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Tool::Ssh => "ssh",
            Tool::Abide => "abide",
            Tool::AbidePipe => "abide --no-udp",
            Tool::Mosh => "mosh --predict=never",
        }
    }

    /// The words before the host, without the program that enters a namespace.
    pub(crate) fn words(self, field: &Field) -> Vec<String> {
        let config = field.lab.ssh_config_path().display();
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        let abide = field.program().display().to_string();
        let config = config.to_string();
        match self {
            Tool::Ssh => words(&["ssh", "-F", &config]),
            Tool::Abide => words(&[&abide, "-F", &config]),
            Tool::AbidePipe => words(&[&abide, "--no-udp", "-F", &config]),
            Tool::Mosh => words(&["mosh", "--predict=never", &format!("--ssh=ssh -F {config}")]),
        }
    }

    /// The call in the client's namespace, up to and including the host.
    pub(crate) fn shell(self, field: &Field) -> Command {
        let words = self.words(field);
        let mut command = field.lab.client().command(&words[0]);
        command.args(&words[1..]).arg("lab");
        field.set_environment(&mut command);
        command
    }
}
