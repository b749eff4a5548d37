//! Messages as bytes: each preceded by its length in four bytes, most significant first.

use bytes::{Buf, BufMut, Bytes, BytesMut};
use prost::Message;

/// Longest message, in bytes. Longer ones are refused.
pub const MESSAGE_MAX: usize = 256 * 1024;

/// What is wrong with a message.
#[derive(Debug, thiserror::Error)]
pub enum CodecError {
    /// Longer than allowed.
    #[error("a message of {0} bytes, at most {MESSAGE_MAX} are allowed")]
    TooLong(usize),
    /// Not a message of the expected kind.
    #[error("a malformed message: {0}")]
    Malformed(#[from] prost::DecodeError),
    /// A word that is not what `encode_word` makes.
    #[error("`{0}` is not an encoded message")]
    NotAWord(String),
}

/// Writes a message with its length.
pub fn encode(message: &impl Message) -> Bytes {
    let mut out = BytesMut::with_capacity(4 + message.encoded_len());
    out.put_u32(message.encoded_len() as u32);
    message.encode_raw(&mut out);
    out.freeze()
}

/// Collects bytes of a stream into messages.
#[derive(Debug, Default)]
pub struct Messages {
    buffer: BytesMut,
}

impl Messages {
    /// Appends bytes.
    pub fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// The next whole message.
    pub fn next_message<M: Message + Default>(&mut self) -> Result<Option<M>, CodecError> {
        let Some(head) = self.buffer.first_chunk::<4>() else {
            return Ok(None);
        };
        let length = u32::from_be_bytes(*head) as usize;
        if length > MESSAGE_MAX {
            return Err(CodecError::TooLong(length));
        }
        if self.buffer.len() < 4 + length {
            return Ok(None);
        }
        self.buffer.advance(4);
        Ok(Some(M::decode(self.buffer.split_to(length))?))
    }

    /// What was pushed after the last whole message.
    pub fn into_rest(self) -> BytesMut {
        self.buffer
    }
}

/// A message as one word of `a-z A-Z 0-9 - _` for a remote command line.
pub fn encode_word(message: &impl Message) -> String {
    let bytes = message.encode_to_vec();
    let mut word = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        word.push(char::from_digit(u32::from(byte >> 4), 16).unwrap_or('0'));
        word.push(char::from_digit(u32::from(byte & 15), 16).unwrap_or('0'));
    }
    word
}

/// Reads what `encode_word` wrote.
pub fn decode_word<M: Message + Default>(word: &str) -> Result<M, CodecError> {
    let wrong = || CodecError::NotAWord(word.to_owned());
    if word.len() > 2 * MESSAGE_MAX {
        return Err(CodecError::TooLong(word.len() / 2));
    }
    let digits: Option<Vec<u32>> = word.chars().map(|digit| digit.to_digit(16)).collect();
    let digits = digits.filter(|digits| digits.len() % 2 == 0).ok_or_else(wrong)?;
    let bytes: Vec<u8> = digits.chunks(2).map(|pair| (pair[0] << 4 | pair[1]) as u8).collect();
    Ok(M::decode(&bytes[..])?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Start, Terminal};

    #[test]
    fn messages_survive_any_split() {
        let start = Start {
            name: "a".repeat(300),
            terminal: Some(Terminal::default()),
            ..Start::default()
        };
        let bytes = [encode(&start), encode(&start)].concat();
        for step in [1, 7, 301, bytes.len()] {
            let (mut messages, mut found) = (Messages::default(), 0);
            for piece in bytes.chunks(step) {
                messages.push(piece);
                while let Some(message) = messages.next_message::<Start>().expect("valid") {
                    assert_eq!(message, start);
                    found += 1;
                }
            }
            assert_eq!((found, messages.into_rest().len()), (2, 0));
        }
    }

    #[test]
    fn hostile_lengths_and_words_are_refused() {
        let mut messages = Messages::default();
        messages.push(&u32::MAX.to_be_bytes());
        assert!(matches!(messages.next_message::<Start>(), Err(CodecError::TooLong(_))));
        for word in ["0", "zz", "ff"] {
            assert!(decode_word::<Start>(word).is_err(), "{word}");
        }
        let start = Start { name: "é".into(), ..Start::default() };
        assert_eq!(decode_word::<Start>(&encode_word(&start)).expect("own word"), start);
    }
}
