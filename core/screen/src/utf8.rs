//! UTF-8 in pieces: whole characters out, broken ones replaced by U+FFFD, one for each piece that
//! could not go on (the way of the WHATWG, of VTE, and of xterm with `utf8Weblike`).

/// A character of which the beginning has come.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Partial {
    /// The bits so far.
    code: u32,
    /// Continuation bytes that it still lacks; 0 when there is none begun.
    missing: u8,
    /// What the next byte may be: lower for what would be overlong, higher for a surrogate.
    low: u8,
    high: u8,
}

/// What a byte did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// It is part of a character that is not whole yet.
    More,
    Whole(char),
    /// It begins nothing.
    Broken,
    /// The character before is broken, and this byte is not part of it.
    BrokenBefore,
}

impl Partial {
    pub(crate) fn is_begun(self) -> bool {
        self.missing > 0
    }

    /// Takes a byte. After [`Step::BrokenBefore`] the same byte must be given again.
    #[inline]
    pub(crate) fn take(&mut self, byte: u8) -> Step {
        if self.missing == 0 {
            return self.begin(byte);
        }
        if !(self.low..=self.high).contains(&byte) {
            self.missing = 0;
            return Step::BrokenBefore;
        }
        self.code = (self.code << 6) | u32::from(byte & 0x3f);
        (self.low, self.high) = (0x80, 0xbf);
        self.missing -= 1;
        match self.missing {
            // The limits leave no other codes than those of characters.
            0 => Step::Whole(char::from_u32(self.code).unwrap_or(char::REPLACEMENT_CHARACTER)),
            _ => Step::More,
        }
    }

    fn begin(&mut self, byte: u8) -> Step {
        let (missing, mask) = match byte {
            0..=0x7f => return Step::Whole(byte.into()),
            0xc2..=0xdf => (1, 0x1f),
            0xe0..=0xef => (2, 0x0f),
            0xf0..=0xf4 => (3, 0x07),
            _ => return Step::Broken,
        };
        self.missing = missing;
        self.code = (byte & mask).into();
        self.low = match byte {
            0xe0 => 0xa0,
            0xf0 => 0x90,
            _ => 0x80,
        };
        self.high = match byte {
            0xed => 0x9f,
            0xf4 => 0x8f,
            _ => 0xbf,
        };
        Step::More
    }
}
