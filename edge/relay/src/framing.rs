//! How long an SSH packet is on the wire for a given payload (RFC 4253 section 6): what tells a
//! keepalive from other traffic without a look inside. Lengths only; nothing is parsed.

/// What a keepalive asks. Both carry the name `keepalive@openssh.com` and want a reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Request {
    /// SSH_MSG_GLOBAL_REQUEST (RFC 4254 section 4): ssh's, and sshd's where no channel is open.
    Global,
    /// SSH_MSG_CHANNEL_REQUEST (RFC 4254 section 5.4): sshd's, where a channel is open.
    Channel,
}

impl Request {
    /// Both.
    pub const ALL: [Request; 2] = [Request::Global, Request::Channel];

    /// Payload of the request, bytes: number, text with its length, `want_reply`; a channel has a
    /// number of four bytes.
    const fn payload(self) -> usize {
        let name = 4 + "keepalive@openssh.com".len();
        match self {
            Request::Global => 1 + name + 1,
            Request::Channel => 1 + 4 + name + 1,
        }
    }

    /// Payload of either reply, success or failure.
    const fn reply_payload(self) -> usize {
        match self {
            Request::Global => 1,
            Request::Channel => 1 + 4,
        }
    }
}

/// What cipher and MAC make of a payload's length.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Framing {
    /// Block size that padding fills up to, at least 8.
    block: usize,
    /// Bytes of the tag or MAC behind the packet.
    tag: usize,
    /// Whether the length field is a part of what is padded: with encrypt-and-MAC it is, with
    /// AEAD ciphers and `-etm` MACs it is not.
    length_padded: bool,
}

/// Bytes of the packet's length field.
const LENGTH_FIELD: usize = 4;
/// Least padding, RFC 4253 section 6.
const MIN_PADDING: usize = 4;
/// Block sizes of OpenSSH's ciphers: chacha20-poly1305 and 3des, and AES.
const BLOCKS: [usize; 2] = [8, 16];
/// Lengths of its tags: umac-64, hmac-*-96, AEAD and umac-128 and md5, sha1, sha2-256, sha2-512.
const TAGS: [usize; 6] = [8, 12, 16, 20, 32, 64];

impl Framing {
    /// Length on the wire.
    const fn wire(self, payload: usize) -> usize {
        let before = if self.length_padded { LENGTH_FIELD } else { 0 };
        // The byte that holds the padding's length stands before the payload.
        let filled = (before + 1 + payload + MIN_PADDING).next_multiple_of(self.block);
        LENGTH_FIELD - before + filled + self.tag
    }

    /// A keepalive's length on the wire.
    pub const fn probe(self, request: Request) -> usize {
        self.wire(request.payload())
    }

    /// Its answer's length on the wire.
    pub const fn reply(self, request: Request) -> usize {
        self.wire(request.reply_payload())
    }
}

/// Every framing that OpenSSH's ciphers and MACs make.
pub fn framings() -> impl Iterator<Item = Framing> {
    let with_tag = |block| TAGS.into_iter().map(move |tag| (block, tag));
    BLOCKS.into_iter().flat_map(with_tag).flat_map(|(block, tag)| {
        [true, false].map(|length_padded| Framing { block, tag, length_padded })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHACHA: Framing = Framing { block: 8, tag: 16, length_padded: false };

    #[test]
    fn chacha_has_the_lengths_that_were_measured() {
        // openssh.md 2.1, measured on 9.2 and 10.5.
        let lengths = |request| (CHACHA.probe(request), CHACHA.reply(request));
        assert_eq!(lengths(Request::Global), (52, 28));
        assert_eq!(lengths(Request::Channel), (60, 36));
    }

    #[test]
    fn a_probe_is_never_taken_for_an_answer() {
        for framing in framings() {
            for (one, other) in Request::ALL.into_iter().flat_map(|a| Request::ALL.map(|b| (a, b)))
            {
                assert!(framing.probe(one) > framing.reply(other), "{framing:?}");
            }
        }
    }
}
