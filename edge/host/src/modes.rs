//! A terminal's modes as SSH passes them (RFC 4254 section 8, RFC 8160): what `stty` set here is
//! set there. Neither a terminal's size nor raw mode.

use std::io;
use std::os::fd::AsFd;

use rustix::termios::{
    ControlModes, InputModes, LocalModes, OptionalActions, OutputModes, SpecialCodeIndex, Termios,
    tcgetattr, tcsetattr,
};

/// Bytes of encoded modes that are looked at; what is beyond is not applied.
pub const ENCODED_MAX: usize = 1024;

/// Ends the encoding.
const END: u8 = 0;
/// A special character that is switched off, on the wire and on Linux.
const OFF_THERE: u32 = 255;
const OFF_HERE: u8 = 0;

const CODES: [(u8, SpecialCodeIndex); 14] = [
    (1, SpecialCodeIndex::VINTR),
    (2, SpecialCodeIndex::VQUIT),
    (3, SpecialCodeIndex::VERASE),
    (4, SpecialCodeIndex::VKILL),
    (5, SpecialCodeIndex::VEOF),
    (6, SpecialCodeIndex::VEOL),
    (7, SpecialCodeIndex::VEOL2),
    (8, SpecialCodeIndex::VSTART),
    (9, SpecialCodeIndex::VSTOP),
    (10, SpecialCodeIndex::VSUSP),
    (12, SpecialCodeIndex::VREPRINT),
    (13, SpecialCodeIndex::VWERASE),
    (14, SpecialCodeIndex::VLNEXT),
    (18, SpecialCodeIndex::VDISCARD),
];

const INPUT: [(u8, InputModes); 13] = [
    (30, InputModes::IGNPAR),
    (31, InputModes::PARMRK),
    (32, InputModes::INPCK),
    (33, InputModes::ISTRIP),
    (34, InputModes::INLCR),
    (35, InputModes::IGNCR),
    (36, InputModes::ICRNL),
    (37, InputModes::IUCLC),
    (38, InputModes::IXON),
    (39, InputModes::IXANY),
    (40, InputModes::IXOFF),
    (41, InputModes::IMAXBEL),
    (42, InputModes::IUTF8),
];

const LOCAL: [(u8, LocalModes); 12] = [
    (50, LocalModes::ISIG),
    (51, LocalModes::ICANON),
    (53, LocalModes::ECHO),
    (54, LocalModes::ECHOE),
    (55, LocalModes::ECHOK),
    (56, LocalModes::ECHONL),
    (57, LocalModes::NOFLSH),
    (58, LocalModes::TOSTOP),
    (59, LocalModes::IEXTEN),
    (60, LocalModes::ECHOCTL),
    (61, LocalModes::ECHOKE),
    (62, LocalModes::PENDIN),
];

const OUTPUT: [(u8, OutputModes); 6] = [
    (70, OutputModes::OPOST),
    (71, OutputModes::OLCUC),
    (72, OutputModes::ONLCR),
    (73, OutputModes::OCRNL),
    (74, OutputModes::ONOCR),
    (75, OutputModes::ONLRET),
];

/// Character size and parity are one field: `CS7` and `CS8` stand for its two usual values.
const CS7: u8 = 90;
const CS8: u8 = 91;
const CONTROL: [(u8, ControlModes); 2] = [(92, ControlModes::PARENB), (93, ControlModes::PARODD)];

/// The modes of the terminal `fd`, encoded. An error where it is none.
pub fn encoded(fd: impl AsFd) -> io::Result<Vec<u8>> {
    let modes = tcgetattr(fd)?;
    let mut bytes = Vec::new();
    let mut put = |code: u8, value: u32| {
        bytes.push(code);
        bytes.extend(value.to_be_bytes());
    };
    for (code, at) in CODES {
        let letter = modes.special_codes[at];
        put(code, if letter == OFF_HERE { OFF_THERE } else { letter.into() });
    }
    INPUT.iter().for_each(|(code, it)| put(*code, modes.input_modes.contains(*it).into()));
    LOCAL.iter().for_each(|(code, it)| put(*code, modes.local_modes.contains(*it).into()));
    OUTPUT.iter().for_each(|(code, it)| put(*code, modes.output_modes.contains(*it).into()));
    let size = modes.control_modes & ControlModes::CSIZE;
    put(CS7, (size == ControlModes::CS7).into());
    put(CS8, (size == ControlModes::CS8).into());
    CONTROL.iter().for_each(|(code, it)| put(*code, modes.control_modes.contains(*it).into()));
    bytes.push(END);
    Ok(bytes)
}

/// Gives the terminal `fd` the modes that `bytes` encode. Unknown modes, a broken end and what is
/// past [`ENCODED_MAX`] are left out; nothing given changes nothing.
pub fn apply(fd: impl AsFd, bytes: &[u8]) -> io::Result<()> {
    let mut modes = tcgetattr(&fd)?;
    for piece in bytes[..bytes.len().min(ENCODED_MAX)].chunks_exact(5) {
        let &[code, a, b, c, d] = piece else { break };
        if code == END {
            break;
        }
        set(&mut modes, code, u32::from_be_bytes([a, b, c, d]));
    }
    Ok(tcsetattr(fd, OptionalActions::Now, &modes)?)
}

fn set(modes: &mut Termios, code: u8, value: u32) {
    let on = value != 0;
    if let Some((_, at)) = CODES.iter().find(|(known, _)| *known == code) {
        modes.special_codes[*at] = match value {
            OFF_THERE => OFF_HERE,
            // Special characters are bytes; a larger number is no character at all.
            letter => u8::try_from(letter).unwrap_or(OFF_HERE),
        };
    } else if let Some((_, it)) = INPUT.iter().find(|(known, _)| *known == code) {
        modes.input_modes.set(*it, on);
    } else if let Some((_, it)) = LOCAL.iter().find(|(known, _)| *known == code) {
        modes.local_modes.set(*it, on);
    } else if let Some((_, it)) = OUTPUT.iter().find(|(known, _)| *known == code) {
        modes.output_modes.set(*it, on);
    } else if let Some((_, it)) = CONTROL.iter().find(|(known, _)| *known == code) {
        modes.control_modes.set(*it, on);
    } else if on && (code == CS7 || code == CS8) {
        let size = if code == CS7 { ControlModes::CS7 } else { ControlModes::CS8 };
        modes.control_modes = (modes.control_modes - ControlModes::CSIZE) | size;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pty;

    #[test]
    fn what_is_set_on_one_terminal_is_set_on_another() {
        let (from, to) = (pty::open(pty::Size::default()), pty::open(pty::Size::default()));
        let (from, to) = (from.unwrap().master, to.unwrap().master);
        let mut modes = tcgetattr(&from).unwrap();
        modes.special_codes[SpecialCodeIndex::VERASE] = 8;
        modes.special_codes[SpecialCodeIndex::VSUSP] = OFF_HERE;
        modes.input_modes -= InputModes::IXON | InputModes::IUTF8;
        modes.local_modes |= LocalModes::TOSTOP;
        modes.output_modes -= OutputModes::ONLCR;
        tcsetattr(&from, OptionalActions::Now, &modes).unwrap();
        let sent = encoded(&from).unwrap();
        assert_ne!(encoded(&to).unwrap(), sent);
        apply(&to, &sent).unwrap();
        assert_eq!(encoded(&to).unwrap(), sent);
        assert!(sent.len() < ENCODED_MAX);
    }

    #[test]
    fn nonsense_changes_nothing() {
        let terminal = pty::open(pty::Size::default()).unwrap().master;
        let before = encoded(&terminal).unwrap();
        apply(&terminal, &[]).unwrap();
        apply(&terminal, &[200, 0, 0, 0, 1, 36, 0]).unwrap();
        apply(&terminal, &[END, 0, 0, 0, 0, 53, 0, 0, 0, 0]).unwrap();
        assert_eq!(encoded(&terminal).unwrap(), before);
    }
}
