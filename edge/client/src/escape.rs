//! ssh's escape character at the start of a line, byte by byte. No terminal here.

/// What the person asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Command {
    /// `~.`: leave, and end the session.
    Leave,
    /// `~d`: detach; the session goes on.
    Detach,
    /// `~?`: help.
    Help,
    /// `~^Z`: suspend the client.
    Suspend,
    /// `~s`: show what the session printed.
    ShowLog,
    /// `~#`: list forwarded connections.
    Connections,
    /// `~C`: a command line begins.
    OpenLine,
    /// Something to show of it.
    Echo(Vec<u8>),
    /// It is whole.
    Line(String),
}

/// Longest line after `~C`, in bytes. At it, further ones are not taken.
const LINE_MAX: usize = 1024;

/// Where in a line typing is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Position {
    LineStart,
    Middle,
    Escaped,
    /// In the line after `~C`.
    Line,
}

/// Watches typed bytes for the escape character.
#[derive(Debug)]
pub(crate) struct EscapeWatch {
    escape: Option<u8>,
    position: Position,
    line: Vec<u8>,
}

impl EscapeWatch {
    /// Watches for `escape`; for nothing when there is none.
    pub(crate) fn new(escape: Option<u8>) -> Self {
        EscapeWatch { escape, position: Position::LineStart, line: Vec::new() }
    }

    /// The character itself.
    pub(crate) fn character(&self) -> char {
        char::from(self.escape.unwrap_or(b'~'))
    }

    /// Splits typed bytes into what goes to the session and what is for the client. Bytes after a
    /// command are handled in turn.
    pub(crate) fn filter(&mut self, typed: &[u8]) -> (Vec<u8>, Vec<Command>) {
        let (mut passed, mut commands) = (Vec::with_capacity(typed.len()), Vec::new());
        for &byte in typed {
            self.step(byte, &mut passed, &mut commands);
        }
        (passed, commands)
    }

    fn step(&mut self, byte: u8, passed: &mut Vec<u8>, commands: &mut Vec<Command>) {
        let Some(escape) = self.escape else { return passed.push(byte) };
        match self.position {
            Position::LineStart if byte == escape => self.position = Position::Escaped,
            Position::Escaped => {
                self.position = Position::LineStart;
                match byte {
                    b'.' => commands.push(Command::Leave),
                    b'd' => commands.push(Command::Detach),
                    b'?' => commands.push(Command::Help),
                    b's' => commands.push(Command::ShowLog),
                    0x1a => commands.push(Command::Suspend),
                    b'#' => commands.push(Command::Connections),
                    b'C' => {
                        self.position = Position::Line;
                        commands.push(Command::OpenLine);
                    }
                    other => {
                        if other != escape {
                            passed.push(escape);
                        }
                        self.pass(other, passed);
                    }
                }
            }
            Position::Line => self.step_line(byte, commands),
            Position::LineStart | Position::Middle => self.pass(byte, passed),
        }
    }

    fn step_line(&mut self, byte: u8, commands: &mut Vec<Command>) {
        match byte {
            b'\r' | b'\n' => {
                self.position = Position::LineStart;
                let line = String::from_utf8_lossy(&std::mem::take(&mut self.line)).into_owned();
                commands.push(Command::Line(line));
            }
            // ^C and ^G: never mind.
            0x03 | 0x07 => {
                self.position = Position::LineStart;
                self.line.clear();
                commands.push(Command::Line(String::new()));
            }
            0x08 | 0x7f if self.line.pop().is_some() => {
                commands.push(Command::Echo(b"\x08 \x08".to_vec()));
            }
            b' '..=b'~' if self.line.len() < LINE_MAX => {
                self.line.push(byte);
                commands.push(Command::Echo(vec![byte]));
            }
            _ => {}
        }
    }

    fn pass(&mut self, byte: u8, passed: &mut Vec<u8>) {
        passed.push(byte);
        self.position =
            if matches!(byte, b'\r' | b'\n') { Position::LineStart } else { Position::Middle };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(typed: &[u8]) -> (Vec<u8>, Vec<Command>) {
        let whole = EscapeWatch::new(Some(b'~')).filter(typed);
        let mut watch = EscapeWatch::new(Some(b'~'));
        let mut split = (Vec::new(), Vec::new());
        for byte in typed {
            let (passed, commands) = watch.filter(&[*byte]);
            split.0.extend(passed);
            split.1.extend(commands);
        }
        assert_eq!(whole, split, "splitting typed bytes changes nothing");
        whole
    }

    #[test]
    fn commands_only_at_line_start() {
        assert_eq!(all(b"~."), (vec![], vec![Command::Leave]));
        assert_eq!(all(b"x~."), (b"x~.".to_vec(), vec![]));
        assert_eq!(all(b"x\r~d"), (b"x\r".to_vec(), vec![Command::Detach]));
        assert_eq!(all(b"~?~\x1a"), (vec![], vec![Command::Help, Command::Suspend]));
    }

    #[test]
    fn a_line_is_collected_and_not_sent() {
        let echo = |text: &str| Command::Echo(text.as_bytes().to_vec());
        let line = Command::Line("-D".into());
        let erased = echo("\x08 \x08");
        let expected =
            vec![Command::OpenLine, echo("-"), echo("x"), erased, echo("D"), line, Command::Help];
        assert_eq!(all(b"~C-x\x7fD\r~?y"), (b"y".to_vec(), expected));
        let given_up = vec![Command::OpenLine, echo("-"), Command::Line(String::new())];
        assert_eq!(all(b"~C-\x03ls"), (b"ls".to_vec(), given_up));
    }

    #[test]
    fn the_character_itself_can_be_typed() {
        assert_eq!(all(b"~~."), (b"~.".to_vec(), vec![]));
        assert_eq!(all(b"~x"), (b"~x".to_vec(), vec![]));
        assert_eq!(all(b"~\r~."), (b"~\r".to_vec(), vec![Command::Leave]));
        assert_eq!(EscapeWatch::new(None).filter(b"~."), (b"~.".to_vec(), vec![]));
    }
}
