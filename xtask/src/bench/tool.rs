//! The contestants and how each is called.

use std::process::Command;

use super::field::Field;

/// A way to get a shell on the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tool {
    Ssh,
    /// Over QUIC once that is up.
    Abide,
    /// What its protocol costs, not what it guesses.
    AbideNever,
    /// Over ssh's connection alone.
    AbidePipe,
    /// Over ssh's connection alone, without prediction.
    AbidePipeNever,
    Mosh,
    /// Without prediction.
    MoshNever,
}

impl Tool {
    /// Those that are compared where prediction makes no difference.
    pub(crate) const ALL: [Tool; 4] = [Tool::Ssh, Tool::Abide, Tool::AbidePipe, Tool::MoshNever];

    /// Those that are compared where only the true echo counts; in the same order.
    pub(crate) const UNPREDICTED: [Tool; 4] =
        [Tool::Ssh, Tool::AbideNever, Tool::AbidePipeNever, Tool::MoshNever];

    const NAMES: [(Tool, &str, &str); 7] = [
        (Tool::Ssh, "ssh", "ssh"),
        (Tool::Abide, "abide", "abide"),
        (Tool::AbideNever, "abide-never", "abide --predict=never"),
        (Tool::AbidePipe, "abide-no-udp", "abide --no-udp"),
        (Tool::AbidePipeNever, "abide-no-udp-never", "abide --no-udp --predict=never"),
        (Tool::Mosh, "mosh", "mosh"),
        (Tool::MoshNever, "mosh-never", "mosh --predict=never"),
    ];

    /// The tool of that short name.
    pub(crate) fn by_name(name: &str) -> Option<Tool> {
        Self::NAMES.iter().find(|(_, short, _)| *short == name).map(|(tool, ..)| *tool)
    }

    /// How it is called.
    pub(crate) fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(tool, ..)| *tool == self).map_or("?", |(_, _, words)| words)
    }

    /// Whether it is ours.
    pub(crate) fn is_abide(self) -> bool {
        !matches!(self, Tool::Ssh | Tool::Mosh | Tool::MoshNever)
    }

    /// Whether it moves to QUIC.
    pub(crate) fn has_quic(self) -> bool {
        matches!(self, Tool::Abide | Tool::AbideNever)
    }

    /// The words before the host, without the program that enters a namespace.
    pub(crate) fn words(self, field: &Field) -> Vec<String> {
        let config = field.lab.ssh_config_path().display().to_string();
        let call = self.name().split(' ').map(str::to_owned);
        let mut words: Vec<String> =
            call.filter(|word| field.predicts || !word.starts_with("--predict=")).collect();
        if self.is_abide() {
            words[0] = field.program().display().to_string();
        }
        match self {
            Tool::Mosh | Tool::MoshNever => {
                words = self.name().split(' ').map(str::to_owned).collect();
                words.push(format!("--ssh=ssh -F {config}"));
            }
            _ => words.extend(["-F".to_owned(), config]),
        }
        words
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
